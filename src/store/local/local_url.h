/*
 * What objects_local.c needs of localurl.c; whoever serves objects finds the
 * rest in objects_local.h.
 */
#ifndef WANZAMI_LOCAL_URL_H
#define WANZAMI_LOCAL_URL_H

/* Once, before the others. */
void	localurl_init(void);

/* As in struct objects_backend: base + path of an object, signed for one method and `seconds`, or plain. 0 when it does not fit. Any thread. */
int	localurl_presign(const char *base, const char *method, const char *key, const char *upload, int number, int seconds, char *url);
int	localurl_plain(const char *base, const char *key, char *url);

#endif
