/*
 * TLS for libcurl's handles: our engine and our verification in place of the
 * ones that its BearSSL glue brings, so that addresses are verified like
 * names, nothing is parsed for each connection, and errors are sentences.
 */
#ifndef WANZAMI_CURL_H
#define WANZAMI_CURL_H

#include <curl/curl.h>

#include "tls/verify.h"

/*
 * Makes connections of the handle verify that host (name or address, as in the
 * URL), by roots_all(). v belongs to the handle, zeroed before the first call,
 * and lives until curl_easy_cleanup(); then verify_free(). After a failed
 * transfer v->error says what was wrong with the certificate, or is "".
 * Returns 0 when host is no host. The handle's thread.
 */
int	tlscurl_set(CURL *, struct verify *v, const char *host);

/* The same for the host of an http or https URL. */
int	tlscurl_set_url(CURL *, struct verify *v, const char *url);

#endif
