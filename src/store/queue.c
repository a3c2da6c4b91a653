/*
 * The stream of wake-ups and its only consumer group. Entries are not
 * acknowledged: the lease in the database covers a worker that dies.
 */
#include <string.h>

#include <kore/kore.h>

#include "base/log.h"
#include "store/queue.h"
#include "store/valkey.h"

#define STREAM		"wanzami:{q}:transcode"
#define GROUP		"workers"
#define BLOCK_MS	"5000"
#define READ_TIMEOUT_MS	10000	/* must exceed BLOCK_MS */
#define KEEP		"1000"	/* entries; older wake-ups are of no use */
#define COUNT(a)	(int)(sizeof(a) / sizeof((a)[0]))

static struct {
	struct valkey	*link;
	int		reading;		/* XREADGROUP is in flight */
	int		idle;
	void		(*woken)(void);
} listener;

static void	listener_read(void);

void
queue_wake(void)
{
	static const char *const	words[] = { "XADD", STREAM, "MAXLEN", "~", KEEP, "*", "w", "1" };

	valkey_command(valkey_shared(), NULL, NULL, COUNT(words), words);
}

/* Creates the group, which is missing in a new or flushed Valkey. The error for an existing group is ignored. */
static void
group_make(void)
{
	static const char *const	words[] = { "XGROUP", "CREATE", STREAM, GROUP, "0", "MKSTREAM" };

	valkey_command(listener.link, NULL, NULL, COUNT(words), words);
}

static void
listener_reply(void *arg, const redisReply *reply)
{
	int	woken;

	(void)arg;
	listener.reading = 0;
	if (reply == NULL)	/* listener_up() reads again */
		return;
	if (reply->type == REDIS_REPLY_ERROR) {
		if (strncmp(reply->str, "NOGROUP", 7)) {
			log_event(LOG_LEVEL_WARN, "waiting for wake-ups failed: valkey refuses XREADGROUP", LOG_S("error", reply->str));
			return;
		}
		group_make();
	}
	woken = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;
	if (woken && !listener.idle)
		queue_wake();
	listener_read();
	if (woken && listener.idle)
		listener.woken();
}

static void
listener_read(void)
{
	static const char *const	words[] = { "XREADGROUP", "GROUP", GROUP, "worker", "COUNT", "1", "BLOCK", BLOCK_MS, "NOACK",
					    "STREAMS", STREAM, ">" };

	if (listener.reading || !listener.idle)
		return;
	listener.reading = 1;
	valkey_command(listener.link, listener_reply, NULL, COUNT(words), words);
}

static void
listener_up(void *arg)
{
	(void)arg;
	listener.reading = 0;
	group_make();
	listener_read();
	if (listener.idle)
		listener.woken();
}

void
queue_listen(void (*woken)(void))
{
	listener.woken = woken;
	listener.link = valkey_open(READ_TIMEOUT_MS, listener_up, NULL);
}

void
queue_idle(int idle)
{
	listener.idle = idle;
	if (listener.link != NULL)
		listener_read();
}
