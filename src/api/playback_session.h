/*
 * Playback sessions: what a player names in its beats
 * (docs/compatibility.md#playback-sessions).
 */
#ifndef WANZAMI_PLAYBACK_SESSION_H
#define WANZAMI_PLAYBACK_SESSION_H

#include "http/request.h"
#include "http/signed_token.h"

/*
 * Writes a new session of the caller, for POST /api/playback/:session/beat: a
 * signed token, valid for a day. film is "t" or "e" and the id of a title or an
 * episode. Nothing is stored before the first beat. Event loop only.
 */
void	playback_session_new(const struct request *, const char *film, char session[SIGNED_TOKEN_MAX]);

#endif
