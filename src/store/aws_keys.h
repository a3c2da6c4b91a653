/*
 * AWS credentials for the bucket, from the first source that is configured:
 * S3_ACCESS_KEY and S3_SECRET_KEY, the AWS_ variables of the same meaning, or
 * the container credentials endpoint of ECS
 * (docs/compatibility.md#storage-settings). A presigned URL ends with the
 * credentials that signed it; S3_SIGNING_ACCESS_KEY and S3_SIGNING_SECRET_KEY are
 * permanent credentials for the URLs of viewers.
 */
#ifndef WANZAMI_AWS_KEYS_H
#define WANZAMI_AWS_KEYS_H

#include <stddef.h>

#include "store/s3.h"

/* Checks the variables. Returns NULL, or one line (static storage) that says what is wrong. Once, in the parent. */
const char	*aws_keys_configure(void);

/*
 * Copies the current credentials. Returns 0 if there are none, with the reason
 * in why (may be NULL). With may_block, fetches credentials from the endpoint if
 * there are none, and renews them when half of their life is left. Any thread; on the event loop without may_block.
 * Source: AWS, "Container credential provider" (AWS SDKs and Tools Reference
 * Guide).
 */
int	aws_keys_get(struct s3_keys *, int may_block, char *why, size_t len);

/* Copies the credentials of S3_SIGNING_ACCESS_KEY. Returns 0 if it is not set. Any thread. */
int	aws_keys_signing(struct s3_keys *);

/* Returns 1 if the credentials should be renewed by aws_keys_get() with may_block. Any thread. */
int	aws_keys_stale(void);

/* Starts the renewal of credentials before they expire, on a thread of this worker. Once per worker. Event loop only. */
void	aws_keys_start(void);

#endif
