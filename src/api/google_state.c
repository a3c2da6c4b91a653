/*
 * The state of a Google sign-in. A cookie with a random value marks the browser;
 * the state holds a hash of it. Pages of the API's own origin send the cookie.
 * Pages of another origin that fetch without credentials, as the apps do, never
 * get one; the browser says so in Sec-Fetch-Site.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "api/google_state.h"
#include "base/mac.h"
#include "base/random.h"

#define STATE_PURPOSE	"google"
#define STATE_SECONDS	1800
#define COOKIE		"wanzami_google"
#define BROWSER_BYTES	16
#define BROWSER_MAX	(2 * BROWSER_BYTES + 1)

/* Returns 1 for a value that browser_cookie() has made. */
static int
browser_ok(const char *value, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++) {
		if (!isxdigit((unsigned char)value[i]))
			return (0);
	}

	return (len == BROWSER_MAX - 1);
}

/* Reads the browser's cookie (RFC 6265 §4.2.1). Returns 0 without one. */
static int
browser_read(struct request *r, char browser[BROWSER_MAX])
{
	const char	*text;
	size_t		len, name = strlen(COOKIE "=");

	if (!http_request_header(r->kore, "cookie", &text))
		return (0);
	for (; *text != '\0'; text += len, text += strspn(text, "; ")) {
		len = strcspn(text, ";");
		if (len > name && !strncmp(text, COOKIE "=", name) && browser_ok(text + name, len - name)) {
			memcpy(browser, text + name, BROWSER_MAX - 1);
			browser[BROWSER_MAX - 1] = '\0';
			return (1);
		}
	}

	return (0);
}

/* Hashes the cookie, so that a state in a URL or a log does not tell it. */
static void
browser_hash(const char *browser, char hash[BROWSER_MAX])
{
	const char	*texts[] = { COOKIE };

	mac_make(browser, strlen(browser), texts, 1, BROWSER_BYTES, hash);
}

void
google_state_make(struct request *r, char state[SIGNED_TOKEN_MAX])
{
	char	browser[BROWSER_MAX], hash[BROWSER_MAX], uuid[RANDOM_UUID_MAX], text[SIGNED_TOKEN_TEXT_MAX], cookie[192];

	/* Two tabs share the cookie, so that both can finish. */
	if (!browser_read(r, browser))
		random_hex(browser, BROWSER_BYTES);
	snprintf(cookie, sizeof(cookie), COOKIE "=%s; Path=/api/auth/google; Max-Age=%d; HttpOnly; SameSite=Lax%s", browser, STATE_SECONDS,
	    r->client.tls ? "; Secure" : "");
	http_response_header(r->kore, "set-cookie", cookie);
	browser_hash(browser, hash);
	random_uuid(uuid);
	snprintf(text, sizeof(text), "%s-%s", hash, uuid);
	signed_token_make(STATE_PURPOSE, text, STATE_SECONDS, state);
}

int
google_state_ok(struct request *r, const char *state)
{
	char		text[SIGNED_TOKEN_TEXT_MAX], browser[BROWSER_MAX], hash[BROWSER_MAX];
	const char	*site;

	if (!signed_token_open(STATE_PURPOSE, state, text))
		return (0);
	if (!browser_read(r, browser))
		return (!http_request_header(r->kore, "sec-fetch-site", &site) || strcmp(site, "same-origin") != 0);
	browser_hash(browser, hash);

	return (strlen(text) > sizeof(hash) - 1 && mac_same(text, sizeof(hash) - 1, hash, sizeof(hash) - 1));
}
