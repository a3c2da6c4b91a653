/*
 * Counts the messages of FFmpeg by their kind (transcode/media_log.h).
 */
#include <ctype.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/log.h"
#include "transcode/media_log.h"

/* 64-bit FNV-1a. */
#define HASH_BEGIN	0xcbf29ce484222325u
#define HASH_PRIME	0x100000001b3u

static struct {
	pthread_mutex_t	lock;
	const char	*job;
	uint64_t	kinds[MEDIALOG_KINDS_MAX];
	int		count;			/* of kinds */
	int64_t		messages, counted;	/* all, and those that were not logged */
} state = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Returns the hash of a message in which a "#" stands for each number or address. */
static uint64_t
kind_of(const char *p)
{
	uint64_t	hash = HASH_BEGIN;
	unsigned char	c;

	while ((c = (unsigned char)*p) != '\0') {
		if (!strncmp(p, "0x", 2) && isxdigit((unsigned char)p[2])) {
			p += 2 + strspn(p + 2, "0123456789abcdefABCDEF");
			c = '#';
		} else if (isdigit(c) || (c == '-' && isdigit((unsigned char)p[1]))) {
			p++;
			p += strspn(p, "0123456789");
			c = '#';
		} else {
			p++;
		}
		hash = (hash ^ c) * HASH_PRIME;
	}

	return (hash);
}

/* Counts a message. Returns 1 if it is the first of its kind and is to be logged. */
static int
message_count(uint64_t kind)
{
	int	i;

	state.messages++;
	for (i = 0; i < state.count && state.kinds[i] != kind; i++)
		;
	if (i < state.count || i == MEDIALOG_KINDS_MAX) {
		state.counted++;
		return (0);
	}
	state.kinds[state.count++] = kind;

	return (1);
}

void
media_log_begin(const char *id)
{
	pthread_mutex_lock(&state.lock);
	state.job = id;
	state.count = 0;
	state.messages = state.counted = 0;
	pthread_mutex_unlock(&state.lock);
}

void
media_log(int level, const char *line)
{
	uint64_t	kind = kind_of(line);

	pthread_mutex_lock(&state.lock);
	if (message_count(kind))
		log_event(level == 0 ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "FFmpeg message", LOG_S("job", state.job), LOG_S("says", line));
	pthread_mutex_unlock(&state.lock);
}

void
media_log_end(void)
{
	pthread_mutex_lock(&state.lock);
	if (state.counted > 0)
		log_event(LOG_LEVEL_WARN, "FFmpeg repeated messages, which were counted and not logged", LOG_S("job", state.job),
		    LOG_I("left_out", state.counted), LOG_I("messages", state.messages));
	state.job = NULL;
	pthread_mutex_unlock(&state.lock);
}
