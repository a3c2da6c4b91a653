/*
 * Reader of an object in object storage with read-ahead: threads fetch blocks
 * before they are read, and a cache keeps the last blocks.
 */
#ifndef WANZAMI_SOURCE_H
#define WANZAMI_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "store/objects.h"

struct source;

/*
 * Opens the object with the size and ETag in the struct objects_stat. The source
 * calls canceled(ctx) on its own threads; a result of 1 ends their requests.
 * Returns NULL if out of memory or threads. key is copied.
 */
struct source	*source_open(const char *key, const struct objects_stat *, int (*canceled)(void *), void *ctx);

/*
 * Implements read_at of struct media_source: returns the number of bytes read, 0
 * at the end, -1 on error. One thread at a time. arg is a struct source.
 */
int64_t	source_read(void *arg, int64_t offset, void *buf, size_t len);

/* Returns the reason of a failed source_read(), one line for the log, "" if none has failed. The source owns it. */
const char	*source_error(const struct source *);

/* Ends the threads and frees the source; NULL is allowed. */
void	source_close(struct source *);

#endif
