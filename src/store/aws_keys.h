/*
 * The keys that sign for the bucket, from the first place that has some:
 * S3_ACCESS_KEY and S3_SECRET_KEY, the AWS_ variables of the same meaning, or
 * the credentials endpoint that ECS gives each task
 * (docs/compatibility.md#storage-settings).
 */
#ifndef WANZAMI_AWS_KEYS_H
#define WANZAMI_AWS_KEYS_H

#include <stddef.h>

#include "store/s3.h"

/* Checks the variables; NULL, or one line (static storage) about what is wrong. Once, in the parent. */
const char	*aws_keys_configure(void);

/*
 * The keys of this moment, or 0. Those of the endpoint are fetched when there
 * are none yet and renewed well before they expire; that blocks, and is done
 * only with may_wait, else by aws_keys_stale's caller. why (may be NULL) gets
 * one line when there are none. Any thread; the event loop without may_wait.
 * Source: AWS, "Container credential provider" (AWS SDKs and Tools Reference
 * Guide).
 */
int	aws_keys_get(struct s3_keys *, int may_wait, char *why, size_t len);

/* Returns 1 when it is time to call aws_keys_get with may_wait. Any thread. */
int	aws_keys_stale(void);

/* Renews the keys on a thread of this worker's own before they expire. Once in each worker, event loop only. */
void	aws_keys_start(void);

#endif
