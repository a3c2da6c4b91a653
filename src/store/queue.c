/*
 * The stream of wake-ups and its one consumer group. Nothing is acknowledged:
 * what a worker has been given and lost is the database's to find.
 */
#include <string.h>

#include <kore/kore.h>

#include "base/log.h"
#include "store/queue.h"
#include "store/valkey.h"

#define STREAM		"wanzami:{q}:transcode"
#define GROUP		"workers"
#define BLOCK_MS	"5000"
#define PATIENCE_MS	10000	/* more than BLOCK_MS */
#define KEEP		"1000"	/* wake-ups that nobody took are worth little */
#define COUNT(a)	(int)(sizeof(a) / sizeof((a)[0]))

static struct {
	struct valkey	*link;
	int		asking;		/* a read is on its way */
	int		idle;
	void		(*woken)(void);
} listener;

static void	listener_ask(void);

void
queue_wake(void)
{
	static const char *const	words[] = { "XADD", STREAM, "MAXLEN", "~", KEEP, "*", "w", "1" };

	valkey_command(valkey_shared(), NULL, NULL, COUNT(words), words);
}

/* Who is gone for good leaves the group; who has just been wiped has none: it is made again, and nobody minds that it exists. */
static void
group_make(void)
{
	static const char *const	words[] = { "XGROUP", "CREATE", STREAM, GROUP, "0", "MKSTREAM" };

	valkey_command(listener.link, NULL, NULL, COUNT(words), words);
}

static void
listener_answer(void *arg, const redisReply *reply)
{
	int	woken;

	(void)arg;
	listener.asking = 0;
	if (reply == NULL)	/* asked again when the connection is back */
		return;
	if (reply->type == REDIS_REPLY_ERROR) {
		if (strncmp(reply->str, "NOGROUP", 7)) {
			log_event(LOG_LEVEL_WARN, "valkey does not let us wait for wake-ups", LOG_S("error", reply->str));
			return;
		}
		group_make();
	}
	woken = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;
	if (woken && !listener.idle)
		queue_wake();
	listener_ask();
	if (woken && listener.idle)
		listener.woken();
}

static void
listener_ask(void)
{
	static const char *const	words[] = { "XREADGROUP", "GROUP", GROUP, "worker", "COUNT", "1", "BLOCK", BLOCK_MS, "NOACK",
					    "STREAMS", STREAM, ">" };

	if (listener.asking || !listener.idle)
		return;
	listener.asking = 1;
	valkey_command(listener.link, listener_answer, NULL, COUNT(words), words);
}

static void
listener_up(void *arg)
{
	(void)arg;
	listener.asking = 0;
	group_make();
	listener_ask();
	if (listener.idle)
		listener.woken();
}

void
queue_listen(void (*woken)(void))
{
	listener.woken = woken;
	listener.link = valkey_open(PATIENCE_MS, listener_up, NULL);
}

void
queue_idle(int idle)
{
	listener.idle = idle;
	if (listener.link != NULL)
		listener_ask();
}
