/*
 * Requests to the ECS agent. The protection expires by itself, so that a task
 * whose worker hangs does not stay protected.
 */
#include <stdio.h>
#include <string.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/work.h"
#include "net/fetch.h"
#include "transcode/protection.h"

#define PATH		"/task-protection/v1/state"
#define EXPIRES_MINUTES	60
#define RENEW_MS	(15 * 60 * 1000)
#define RETRY_MS	(30 * 1000)
#define REQUEST_SEC	10

static struct {
	int		running;	/* a thread has the request */
	int		wanted;		/* by that request */
	int		ok;		/* its result, with the reason of a failure */
	char		error[256];
	int		on;		/* the task is protected, as far as is known */
	int		failing;	/* the last request failed; it is logged */
	u_int64_t	next;		/* ms: no request before */
} protection;

static void
request_run(void *arg)
{
	static const char *const	headers[] = { "Content-Type: application/json", NULL };
	char				url[1024], body[80];
	struct fetch			f = { .method = "PUT", .url = url, .headers = headers, .body = body, .seconds = REQUEST_SEC };

	(void)arg;
	snprintf(url, sizeof(url), "%s" PATH, conf_str(CONF_ECS_AGENT_URI));
	if (protection.wanted)
		snprintf(body, sizeof(body), "{\"ProtectionEnabled\":true,\"ExpiresInMinutes\":%d}", EXPIRES_MINUTES);
	else
		snprintf(body, sizeof(body), "{\"ProtectionEnabled\":false}");
	f.body_len = strlen(body);
	protection.ok = fetch_perform(&f) && f.status == 200;
	if (f.status == 0)
		snprintf(protection.error, sizeof(protection.error), "%s", f.error);
	else
		snprintf(protection.error, sizeof(protection.error), "HTTP status %d: %.200s", f.status, f.response != NULL ? f.response : "");
	fetch_free(&f);
}

static void
request_done(void *arg)
{
	(void)arg;
	protection.running = 0;
	protection.next = kore_time_ms() + (protection.ok ? 0 : RETRY_MS);
	if (protection.ok) {
		protection.on = protection.wanted;
		if (protection.on)
			protection.next += RENEW_MS;
	} else if (!protection.failing) {
		log_event(LOG_LEVEL_WARN, "the ECS task is not protected against scale-in; allow ecs:UpdateTaskProtection to the task role",
		    LOG_S("error", protection.error));
	}
	protection.failing = !protection.ok;
}

void
protection_keep(int on, u_int64_t now)
{
	int	due = on != protection.on ? protection.failing == 0 || now >= protection.next : on && now >= protection.next;

	if (*conf_str(CONF_ECS_AGENT_URI) == '\0' || protection.running || !due)
		return;
	protection.running = 1;
	protection.wanted = on;
	if (!work_run(WORK_REMOTE, request_run, request_done, NULL)) {
		protection.running = 0;
		protection.failing = 1;
		protection.next = now + RETRY_MS;
	}
}
