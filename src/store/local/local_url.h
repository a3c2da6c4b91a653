/*
 * URLs of local objects. For local_objects.c; local_allows() and local_type() of
 * local_url.c are in local_objects.h.
 */
#ifndef WANZAMI_LOCAL_URL_H
#define WANZAMI_LOCAL_URL_H

#include <time.h>

/* Derives the signing key. Call it once, before the other functions. */
void	localurl_init(void);

/*
 * Write the URL of an object under base: signed for one method and `seconds` from a time, or
 * unsigned, as struct objects_backend defines them. Return 0 if it does not fit.
 * Any thread.
 */
int	localurl_presign(const char *base, const char *method, const char *key, const char *upload, int number, int seconds,
	    time_t from, char *url);
int	localurl_plain(const char *base, const char *key, char *url);

#endif
