/*
 * Signature version 4 for requests to an S3 bucket, in the query (presigned URL)
 * or in headers. Computes only. Any thread.
 */
#ifndef WANZAMI_S3_H
#define WANZAMI_S3_H

#include <stddef.h>
#include <time.h>

#define S3_URL_MAX	12288		/* bytes, with the NUL */
#define S3_HEADER_MAX	4096		/* bytes; a session token is the longest header */
#define S3_PAIRS_MAX	8
#define S3_HASH_HEX	65		/* SHA-256 in hexadecimal, with the NUL */

struct s3_keys {
	char	access_key[256];
	char	secret_key[256];
	char	token[S3_HEADER_MAX - 64];	/* session token; "" for permanent credentials */
	time_t	expires;			/* 0: never, or unknown if there is a token */
};

struct s3_bucket {
	const char	*endpoint;	/* "" for AWS; else scheme://host[:port] */
	const char	*region;
	const char	*name;
	int		in_path;	/* 1: path-style URL; 0: virtual-hosted-style URL */
};

struct s3_pair {
	const char	*name, *value;
};

struct s3_request {
	const char		*method;
	const char		*key;		/* NULL: the bucket itself */
	struct s3_pair		query[S3_PAIRS_MAX];	/* not encoded, in ascending order of names; ended by a NULL name */
	struct s3_pair		headers[S3_PAIRS_MAX];	/* headers to sign; names in lower case, any order; ended by a NULL name */
	const char		*hash;		/* SHA-256 of the body in hexadecimal, or "UNSIGNED-PAYLOAD" */
};

/* A signed request. */
struct s3_signed {
	char		url[S3_URL_MAX];
	char		authorization[1024];			/* header lines with their names */
	char		date[48];
	char		hash[2 * S3_HASH_HEX];
	char		token[S3_HEADER_MAX];			/* "" without a session token */
	char		extra[S3_PAIRS_MAX][S3_HEADER_MAX];	/* the request's own headers; "" behind the last */
};

/* Writes the SHA-256 of data in hexadecimal. */
void	s3_hash(const void *data, size_t len, char hex[S3_HASH_HEX]);

/* Writes the unsigned URL of an object. Returns 0 if it does not fit. */
int	s3_url(const struct s3_bucket *, const char *key, char url[S3_URL_MAX]);

/* Writes a key as the path of a URL, percent-encoded except for its slashes. Returns 0 if it does not fit. */
int	s3_path(const char *key, char *path, size_t size);

/*
 * Writes a presigned URL, valid for seconds (1 to 604800) from now. Signs the
 * host header only; ignores headers and hash of the request. Returns 0 if it
 * does not fit. Source: AWS, "Authenticating Requests: Using Query Parameters
 * (AWS Signature Version 4)"; docs/compatibility.md#presigned-urls.
 */
int	s3_presign(const struct s3_bucket *, const struct s3_keys *, const struct s3_request *, int seconds, time_t now,
	    char url[S3_URL_MAX]);

/*
 * Signs a request in its headers. Returns 0 if something does not fit. Source:
 * AWS, "Signature Calculations for the Authorization Header: Transferring
 * Payload in a Single Chunk (AWS Signature Version 4)".
 */
int	s3_sign(const struct s3_bucket *, const struct s3_keys *, const struct s3_request *, time_t now, struct s3_signed *);

#endif
