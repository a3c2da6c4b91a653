/*
 * The gate in front of the media of pay-per-view titles
 * (docs/compatibility.md#ppv-gate). Players open an address without a token,
 * often before the page has asked whether the viewer may watch; so the gate
 * waits a moment for the grant that this question leaves, and then leads to the
 * store.
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
#define LOOK_MS		250
#define WAITING_MAX	256		/* of one worker; who comes then is refused at once */

static int	waiting = 0;

static void	media_looked(struct request *, const PGresult *);

static void
media_look(void *arg, u_int64_t now)
{
	struct request	*r = arg;

	(void)now;
	waiting--;
	if (request_resume(r)) {
		sql_query(r, "ppv/media", media_looked);
		request_settle(r);
	}
}

/* place is an address as it is, or ":<seconds>:<key>" of an object (wanzami.playable). */
static void
media_lead(struct request *r, const char *place)
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
media_looked(struct request *r, const PGresult *res)
{
	const char	*allowed = sql_text(res, "allowed"), *place = sql_text(res, "place");

	if (allowed == NULL || place == NULL) {
		reply_message(r, 404, "Not found");
	} else if (*allowed == 't') {
		media_lead(r, place);
	} else if (kore_time_ms() - r->since < WAIT_MS && waiting < WAITING_MAX) {
		waiting++;
		request_wait_outside(r);
		kore_timer_add(media_look, LOOK_MS, r, KORE_TIMER_ONESHOT);
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
		reply_message(r, 403, "This address is not valid or has expired");
		return;
	}
	client_network(&r->client, network);
	request_param(r, "assetId", asset);
	request_param(r, "client", network);
	sql_query(r, "ppv/media", media_looked);
}
