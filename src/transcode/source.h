/*
 * A film in the object store, read as if it were at hand: blocks of it are
 * fetched ahead of the reader by threads of its own and kept for a while.
 */
#ifndef WANZAMI_SOURCE_H
#define WANZAMI_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "store/objects.h"

struct source;

/*
 * Begins to read the object of `size` bytes with that etag. canceled(ctx) is
 * asked on the source's own threads and ends what they wait for. NULL without
 * memory or threads. key is copied.
 */
struct source	*source_open(const char *key, const struct objects_stat *, int (*canceled)(void *), void *ctx);

/*
 * As read_at of struct media_source: bytes read, 0 at the end, -1 when the
 * store did not give them. One thread at a time. arg is a struct source.
 */
int64_t	source_read(void *arg, int64_t offset, void *buf, size_t len);

/* Why source_read failed: one line for the log, "" when it did not. The source's, until it is closed. */
const char	*source_error(const struct source *);

/* Ends the threads and frees everything; NULL is fine. */
void	source_close(struct source *);

#endif
