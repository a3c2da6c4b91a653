/*
 * The gate for the media of pay-per-view titles
 * (docs/compatibility.md#ppv-gate). Players open a gate URL without a token,
 * often before the page has called GET /api/ppv/access/:titleId. The gate
 * therefore polls for the grant that this call records, up to WAIT_MS, and
 * redirects to object storage.
 */
#include <stdlib.h>

#include "base/conf.h"
#include "http/client.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/signed_token.h"
#include "http/sign.h"
#include "http/sql.h"
#include "store/objects.h"

#define WAIT_MS		3000
#define POLL_MS		250
#define WAITING_MAX	256		/* waiting requests of one worker; above it the gate refuses at once */

static int	waiting = 0;

static void	media_checked(struct request *, const PGresult *);

static void
media_poll(void *arg, u_int64_t now)
{
	struct request	*r = arg;

	(void)now;
	waiting--;
	if (request_resume(r)) {
		sql_query(r, "ppv/media", media_checked);
		request_settle(r);
	}
}

/* Redirects to place, which is a URL or ":<seconds>:<object key>" (wanzami.playable). */
static void
media_redirect(struct request *r, const char *place)
{
	char	base[SIGN_BASE_MAX], url[OBJECTS_URL_MAX], *key;
	long	seconds;

	if (*place != ':') {
		reply_redirect(r, place);
		return;
	}
	seconds = strtol(place + 1, &key, 10);
	sign_origin(r, base);
	if (objects_presign(base, "GET", key + 1, (int)seconds, url))
		reply_redirect(r, url);
	else
		reply_message(r, 503, "Service unavailable");
}

static void
media_checked(struct request *r, const PGresult *res)
{
	const char	*allowed = sql_text(res, "allowed"), *place = sql_text(res, "place");

	if (allowed == NULL || place == NULL) {
		reply_message(r, 404, "Not found");
	} else if (*allowed == 't') {
		media_redirect(r, place);
	} else if (kore_time_ms() - r->since < WAIT_MS && waiting < WAITING_MAX) {
		waiting++;
		request_wait_outside(r);
		kore_timer_add(media_poll, POLL_MS, r, KORE_TIMER_ONESHOT);
	} else {
		reply_message(r, 403, "Purchase required to access this title.");
	}
}

ROUTE(GET, SIGN_GATE_PATH ":address", ppv_media);

static void
ppv_media(struct request *r)
{
	char	asset[SIGNED_TOKEN_TEXT_MAX], network[CLIENT_ADDRESS_MAX];

	if (!signed_token_open(SIGN_GATE_PURPOSE, r->args[0], asset)) {
		reply_message(r, 403, "The URL is not valid or has expired");
		return;
	}
	client_network(&r->client, network);
	request_param(r, "assetId", asset);
	request_param(r, "client", network);
	sql_query(r, "ppv/media", media_checked);
}
