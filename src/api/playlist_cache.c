/*
 * A list of playlists, the one that was used last at its head.
 */
#include <stdlib.h>
#include <string.h>

#include "api/playlist_cache.h"
#include "http/encoding.h"
#include "http/etag.h"
#include "http/generation.h"
#include "http/reply.h"

#define BYTES_MAX	(32 * 1024 * 1024)	/* of one worker */

/* A playlist. It is freed when neither the list nor a connection refers to it. */
struct playlist {
	int			refs;
	char			*key, *version;
	const char		*type;
	char			*text;
	size_t			len;
	void			*gzip;		/* the compressed text, NULL until a client accepts it */
	size_t			gzip_len;
	char			etag[ETAG_MAX];
	unsigned long		generation;	/* in which all viewers may have it */
	TAILQ_ENTRY(playlist)	list;
};

static TAILQ_HEAD(playlist_head, playlist)	playlists = TAILQ_HEAD_INITIALIZER(playlists);
static size_t			nbytes;		/* of all texts, compressed ones included */

static void
playlist_release(struct playlist *p)
{
	if (--p->refs > 0)
		return;
	nbytes -= p->len + p->gzip_len;
	free(p->key);
	free(p->version);
	free(p->text);
	free(p->gzip);
	free(p);
}

static int
playlist_sent(struct netbuf *nb)
{
	playlist_release(nb->extra);

	return (KORE_RESULT_OK);
}

static struct playlist *
playlist_find(const char *key)
{
	struct playlist	*p;

	TAILQ_FOREACH(p, &playlists, list) {
		if (!strcmp(p->key, key))
			return (p);
	}

	return (NULL);
}

static void
playlist_drop(struct playlist *p)
{
	TAILQ_REMOVE(&playlists, p, list);
	playlist_release(p);
}

/* Drops playlists that were not used for the longest time while there are too many bytes. */
static void
playlists_trim(void)
{
	struct playlist	*p, *previous;

	for (p = TAILQ_LAST(&playlists, playlist_head); p != NULL && nbytes > BYTES_MAX; p = previous) {
		previous = TAILQ_PREV(p, playlist_head, list);
		playlist_drop(p);
	}
}

const char *
playlist_cache_version(const char *key)
{
	const struct playlist	*p = playlist_find(key);

	return (p != NULL ? p->version : "");
}

unsigned long
playlist_cache_generation(const char *key)
{
	const struct playlist	*p = playlist_find(key);

	return (p != NULL ? p->generation : GENERATION_NONE);
}

void
playlist_cache_admit(const char *key, unsigned long generation)
{
	struct playlist	*p = playlist_find(key);

	if (p != NULL)
		p->generation = generation;
}

int
playlist_cache_reply(struct request *r, const char *key, const char *version)
{
	struct playlist		*p = playlist_find(key);
	struct reply_body	body;

	if (p == NULL || (version != NULL && strcmp(p->version, version) != 0))
		return (0);
	TAILQ_REMOVE(&playlists, p, list);
	TAILQ_INSERT_HEAD(&playlists, p, list);
	if (reply_unchanged(r, p->etag))
		return (1);
	body = (struct reply_body){ .data = p->text, .len = p->len, .type = p->type, .sent = playlist_sent, .arg = p };
	if (reply_compresses(r, 200, p->len)) {
		if (p->gzip == NULL) {
			p->gzip = encoding_gzip_new(p->text, p->len, &p->gzip_len);
			nbytes += p->gzip_len;
		}
		body.data = p->gzip;
		body.len = p->gzip_len;
		body.gzip = 1;
	}
	p->refs++;
	reply_shared(r, 200, p->etag, &body);

	return (1);
}

void
playlist_cache_add(const char *key, const char *version, const char *type, char *text)
{
	struct playlist	*p;

	if ((p = playlist_find(key)) != NULL)
		playlist_drop(p);
	playlists_trim();
	if ((p = calloc(1, sizeof(*p))) == NULL || (p->key = strdup(key)) == NULL || (p->version = strdup(version)) == NULL)
		fatal("out of memory");
	p->refs = 1;
	p->generation = GENERATION_NONE;
	p->type = type;
	p->text = text;
	p->len = strlen(text);
	etag_make(text, p->len, p->etag);
	nbytes += p->len;
	TAILQ_INSERT_HEAD(&playlists, p, list);
}
