/*
 * Signed URLs of CloudFront (MEDIA_CDN), for the objects of films. The S3
 * back end (objects_s3.c) signs with it; other callers call objects_presign().
 * Source: AWS, "Create a signed URL using a custom policy" (CloudFront Developer
 * Guide).
 */
#ifndef WANZAMI_CDN_H
#define WANZAMI_CDN_H

#include <time.h>

#include "store/objects.h"

#define CDN_PREFIX	"vod/"	/* of the keys that the distribution serves */

/*
 * Checks the MEDIA_CDN variables and loads the private key. Returns NULL, or one
 * line (static storage) that says what is wrong. Once, in the parent.
 */
const char	*cdn_configure(void);

/* Returns 1 if CloudFront is configured. Any thread. */
int		cdn_enabled(void);

/* Returns 1 if CloudFront is configured and serves the key. Any thread. */
int		cdn_serves(const char *key);

/*
 * Writes the signed URL of an object. It is valid until expires, or up to five
 * minutes longer if that is an hour ahead or more, so that a signature serves
 * many requests. A signature is valid for all objects in the folder of a film's
 * attempt (vod/JOB/RANDOM/), otherwise for the object alone. Returns 0 if the
 * URL does not fit. Any thread.
 */
int		cdn_sign(const char *key, time_t expires, char url[OBJECTS_URL_MAX]);

/* Wipes the private key, in a worker that signs no URLs and decodes films. */
void		cdn_wipe(void);

#endif
