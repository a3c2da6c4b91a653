/*
 * Counters and overload detection. The worker is overloaded if even the
 * fastest request of the last tick was slow: the requests then wait for each
 * other. CoDel (RFC 8289) judges a queue by its minimum delay in the same way.
 */
#include "base/conf.h"
#include "base/counter.h"
#include "http/admission.h"
#include "http/route.h"

#define TICK_MS		250
#define SLOW_MS		500	/* duration of the fastest request that counts as overload */
#define SILENT_TICKS	4	/* ticks without a finished request that count as overload */
#define FLOOR		32	/* fewer requests in flight never count as overload */

static struct {
	int		in_flight;
	size_t		body_bytes;
	int64_t		quickest;	/* shortest duration in ms since the last tick; -1: no request has finished */
	int		silent;		/* ticks without a finished request */
	int		slow;		/* overloaded */
} load = { .quickest = -1 };

static int64_t	(*password_wait_ms)(void) = NULL;

static void
admission_tick(void *arg, u_int64_t now)
{
	(void)arg;
	(void)now;
	if (load.quickest == -1) {
		load.slow = load.in_flight >= FLOOR && ++load.silent >= SILENT_TICKS;
	} else {
		load.slow = load.quickest >= SLOW_MS;
		load.silent = 0;
	}
	if (load.in_flight < FLOOR)
		load.silent = 0;
	load.quickest = -1;
}

void
admission_start(void)
{
	kore_timer_add(admission_tick, TICK_MS, NULL, 0);
}

void
admission_passwords(int64_t (*wait_ms)(void))
{
	password_wait_ms = wait_ms;
}

static int
is_vital(const struct route *route)
{
	return (route != NULL && route->vital);
}

int
admission_connections_full(const struct route *route)
{
	return (worker_active_connections > (u_int32_t)conf_int(CONF_MAX_CONNECTIONS) && !is_vital(route));
}

int
admission_connections_rare(void)
{
	return (worker_active_connections > (u_int32_t)conf_int(CONF_MAX_CONNECTIONS) * 3 / 4);
}

/* fsm_state is free, because Kore's state machine is not used: 1 means that the body has been added. */
int
admission_body_begin(struct http_request *req)
{
	if (req->http_body == NULL || req->fsm_state != 0)
		return (1);
	req->fsm_state = 1;
	load.body_bytes += req->http_body_length;

	return (!admission_body_full(0));
}

int
admission_body_full(size_t bytes)
{
	return (load.body_bytes + bytes > (size_t)conf_int(CONF_MAX_BODY_MB) * 1024 * 1024);
}

void
admission_body_end(struct http_request *req)
{
	if (req->fsm_state == 0)
		return;
	req->fsm_state = 0;
	load.body_bytes -= req->http_body_length;
}

static int
passwords_full(void)
{
	return (password_wait_ms != NULL && password_wait_ms() > conf_int(CONF_MAX_PASSWORD_WAIT_MS));
}

int
admission_full(const struct route *route)
{
	int	full = load.in_flight >= conf_int(CONF_MAX_IN_FLIGHT) || (load.slow && load.in_flight >= FLOOR);

	if (is_vital(route) || !(full || (route != NULL && route->password && passwords_full())))
		return (0);
	counter_add(COUNTER_REFUSED, 1);

	return (1);
}

void
admission_begin(void)
{
	load.in_flight++;
	counter_set(COUNTER_IN_FLIGHT, load.in_flight);
}

void
admission_end(int64_t ms)
{
	load.in_flight--;
	counter_set(COUNTER_IN_FLIGHT, load.in_flight);
	if (ms >= 0 && (load.quickest == -1 || ms < load.quickest))
		load.quickest = ms;
}
