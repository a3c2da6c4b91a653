/*
 * Requests to an S3 bucket, signed with signature version 4: in the address,
 * so that a browser may use it for a while, or in headers. Pure computation:
 * any thread.
 */
#ifndef WANZAMI_S3_H
#define WANZAMI_S3_H

#include <stddef.h>
#include <time.h>

#define S3_URL_MAX	12288
#define S3_HEADER_MAX	4096		/* a session token is the longest */
#define S3_PAIRS_MAX	8
#define S3_HASH_HEX	65		/* SHA-256 in hex, with its NUL */

struct s3_keys {
	char	access_key[256];
	char	secret_key[256];
	char	token[S3_HEADER_MAX - 64];	/* "" for keys that do not expire */
};

struct s3_bucket {
	const char	*endpoint;	/* "" for AWS; else scheme://host[:port] */
	const char	*region;
	const char	*name;
	int		in_path;	/* whether the name stands in the path, not in front of the host */
};

struct s3_pair {
	const char	*name, *value;
};

struct s3_request {
	const char		*method;
	const char		*key;		/* NULL: the bucket itself */
	struct s3_pair		query[S3_PAIRS_MAX];	/* decoded, by name in ascending order; ended by a NULL name */
	struct s3_pair		headers[S3_PAIRS_MAX];	/* to be signed; names in lower case, any order; ended by a NULL name */
	const char		*hash;		/* SHA-256 of the body in hex, or "UNSIGNED-PAYLOAD" */
};

/* A request as it is to be sent. */
struct s3_signed {
	char		url[S3_URL_MAX];
	char		authorization[1024];			/* header lines, all of them with their names */
	char		date[48];
	char		hash[2 * S3_HASH_HEX];
	char		token[S3_HEADER_MAX];			/* "" without one */
	char		extra[S3_PAIRS_MAX][S3_HEADER_MAX];	/* those of the request; "" behind the last */
};

void	s3_hash(const void *data, size_t len, char hex[S3_HASH_HEX]);

/* The address of an object without a signature. Returns 0 when it does not fit. */
int	s3_url(const struct s3_bucket *, const char *key, char url[S3_URL_MAX]);

/*
 * Writes a presigned URL, valid for seconds (1 to 604800) from now, with only
 * the host header signed (headers and hash of the request are not looked at).
 * Returns 0 when it does not fit. Source: AWS, "Authenticating Requests:
 * Using Query Parameters (AWS Signature Version 4)";
 * docs/compatibility.md#presigned-urls.
 */
int	s3_presign(const struct s3_bucket *, const struct s3_keys *, const struct s3_request *, int seconds, time_t now,
	    char url[S3_URL_MAX]);

/*
 * Signs a request in its headers; returns 0 when something does not fit.
 * Source: AWS, "Signature Calculations for the Authorization Header:
 * Transferring Payload in a Single Chunk (AWS Signature Version 4)".
 */
int	s3_sign(const struct s3_bucket *, const struct s3_keys *, const struct s3_request *, time_t now, struct s3_signed *);

#endif
