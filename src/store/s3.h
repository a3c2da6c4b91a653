/*
 * Addresses of objects in an S3 bucket, signed so that a browser may use them
 * for a while. Pure computation: any thread.
 */
#ifndef WANZAMI_S3_H
#define WANZAMI_S3_H

#include <stddef.h>
#include <time.h>

#define S3_URL_MAX	4096

struct s3_bucket {
	const char	*endpoint;	/* "" for AWS; else scheme://host[:port], addressed by path */
	const char	*region;
	const char	*name;
	const char	*access_key;
	const char	*secret_key;
};

/* The bucket of the configuration; NULL when S3_BUCKET or its keys are not set. */
const struct s3_bucket	*s3_configured(void);

/*
 * Writes a presigned URL for method and key, valid for seconds (1 to 604800)
 * from now, with only the host header signed. Returns 0 when it does not fit.
 * Source: AWS, "Authenticating Requests: Using Query Parameters (AWS Signature
 * Version 4)"; contract media §5.1, §5.4.
 */
int	s3_presign(const struct s3_bucket *, const char *method, const char *key, int seconds, time_t now,
	    char out[S3_URL_MAX]);

#endif
