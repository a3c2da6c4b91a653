/*
 * TLS for libcurl handles. Replaces the engine settings and the verification
 * of libcurl's BearSSL backend, so that IP addresses are verified like names,
 * trust anchors are parsed once, and errors state the reason.
 */
#ifndef WANZAMI_CURL_H
#define WANZAMI_CURL_H

#include <curl/curl.h>

#include "tls/verify.h"

/*
 * Makes connections of the handle verify that host (name or IP address, as in
 * the URL) with roots_all(). v is zeroed before the first call and must live
 * until curl_easy_cleanup(); then call verify_free(). After a failed transfer
 * v->error holds the reason if the certificate was rejected, else "".
 * Returns 0 if host is not valid. Call on the handle's thread.
 */
int	tlscurl_set(CURL *, struct verify *v, const char *host);

/* Does the same for the host of an http or https URL. */
int	tlscurl_set_url(CURL *, struct verify *v, const char *url);

/*
 * Returns the error of a failed transfer in words: why the certificate was rejected, the name of an error of
 * BearSSL, for which libcurl has a number only, else the text of CURLOPT_ERRORBUFFER, or of the code. Static text, error, v->error, or out.
 */
const char	*tlscurl_error(const struct verify *v, const char *error, CURLcode code, char *out, size_t size);

#endif
