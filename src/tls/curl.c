/*
 * Sets our X.509 engine in libcurl's BearSSL context with
 * CURLOPT_SSL_CTX_FUNCTION. A handle does one handshake at a time and never
 * renegotiates, so one verifier per handle is enough.
 */
#include <stdlib.h>
#include <string.h>

#include "tls/curl.h"
#include "tls/engine.h"

#define BEARSSL_ERROR	"BearSSL: connection error "	/* lib/vtls/bearssl.c of libcurl; the number follows */

static CURLcode
context_set(CURL *curl, void *context, void *arg)
{
	br_ssl_client_context	*ssl = context;
	struct verify		*v = arg;

	(void)curl;
	if (!engine_prepare(&ssl->eng))
		return (CURLE_SSL_CONNECT_ERROR);
	br_ssl_engine_set_x509(&ssl->eng, &v->vtable);

	return (CURLE_OK);
}

int
tlscurl_set(CURL *curl, struct verify *v, const char *host)
{
	struct cert_host	h;

	verify_free(v);
	if (!cert_host_parse(&h, host))
		return (0);
	verify_init(v, VERIFY_NAME, roots_all(), &h);
	/* libcurl's backend rejects IP addresses; our verifier checks them. */
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, h.address_len > 0 ? 0L : 2L);
	curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, context_set);
	curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, v);

	return (1);
}

int
tlscurl_set_url(CURL *curl, struct verify *v, const char *url)
{
	CURLU	*parts = curl_url();
	char	*host = NULL;
	int	ok;

	ok = parts != NULL && curl_url_set(parts, CURLUPART_URL, url, CURLU_PATH_AS_IS) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK && tlscurl_set(curl, v, host);
	curl_free(host);
	curl_url_cleanup(parts);

	return (ok);
}

const char *
tlscurl_error(const struct verify *v, const char *error, CURLcode code, char *out, size_t size)
{
	const char	*number = strstr(error, BEARSSL_ERROR);

	if (*v->error != '\0')
		return (v->error);
	if (number != NULL)
		return (engine_error((int)strtol(number + sizeof(BEARSSL_ERROR) - 1, NULL, 16), out, size));

	return (*error != '\0' ? error : curl_easy_strerror(code));
}
