/*
 * Playback sessions. The text of their tokens is a random part of SESSION_HEX
 * digits, the film ("t" or "e" and an id), the user ("u" and an id) or "g" for a
 * guest, and "d" and the digest of the device, if it is known.
 */
#include <stdio.h>
#include <string.h>

#include <bearssl.h>

#include "api/playback_session.h"
#include "base/conf.h"
#include "base/hex.h"
#include "base/random.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/sql.h"

#define PURPOSE		"beat"
#define SESSION_SEC	86400
#define SESSION_HEX	20
#define DEVICE_BYTES	8	/* of its SHA-256, as in wanzami.playback_device() */

/* Writes "d" and the digest of the caller's device, or "". */
static void
device_write(const struct request *r, char out[2 * DEVICE_BYTES + 2])
{
	unsigned char		hash[br_sha256_SIZE];
	br_sha256_context	ctx;

	*out = '\0';
	if (r->user_id == NULL || r->device_id == NULL || *r->device_id == '\0')
		return;
	br_sha256_init(&ctx);
	br_sha256_update(&ctx, r->device_id, strlen(r->device_id));
	br_sha256_out(&ctx, hash);
	*out = 'd';
	hex_write(out + 1, hash, DEVICE_BYTES);
}

void
playback_session_new(const struct request *r, const char *film, char session[SIGNED_TOKEN_MAX])
{
	char	text[SIGNED_TOKEN_TEXT_MAX], number[SESSION_HEX + 1], device[2 * DEVICE_BYTES + 2];

	random_hex(number, SESSION_HEX / 2);
	device_write(r, device);
	snprintf(text, sizeof(text), "%s%s%s%s%s", number, film, r->user_id != NULL ? "u" : "g", r->user_id != NULL ? r->user_id : "", device);
	signed_token_make(PURPOSE, text, SESSION_SEC, session);
}

/* Ends the text at *p before the letter, and moves *p behind it. Returns the text behind the letter, or NULL if it does not follow. */
static char *
part(char **p, char letter)
{
	if (**p != letter)
		return (NULL);
	*(*p)++ = '\0';

	return (*p);
}

static void
digits_skip(char **p)
{
	*p += strspn(*p, "0123456789");
}

ROUTE(POST, "/api/playback/:session/beat", playback_beat, .raw = 1, .bearer = 1);

static void
playback_beat(struct request *r)
{
	char	text[SIGNED_TOKEN_TEXT_MAX], *p = text + SESSION_HEX;
	char	*title, *episode, *user;

	if (!signed_token_open(PURPOSE, r->args[0], text)) {
		reply_message(r, 403, "The session is not valid or has expired");
		return;
	}
	request_param(r, "play", text);
	title = part(&p, 't');
	episode = part(&p, 'e');
	digits_skip(&p);
	if ((user = part(&p, 'u')) != NULL)
		digits_skip(&p);
	else
		(void)part(&p, 'g');
	request_param(r, "device", part(&p, 'd'));
	request_param(r, "viewerId", user);
	request_param(r, "titleId", title);
	request_param(r, "episodeId", episode);
	request_param(r, "limit", conf_str(CONF_PLAYBACK_LIMIT));
	sql_reply(r, "playback/beat");
}
