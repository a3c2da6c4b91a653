/*
 * URL placeholders: a statement returns a placeholder where the client needs a
 * presigned URL of an object, and this module replaces it in the JSON body.
 * Event loop only.
 */
#ifndef WANZAMI_SIGN_H
#define WANZAMI_SIGN_H

#include <stddef.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "store/objects.h"

struct request;

#define SIGN_BASE_MAX	300

/* Path of gate URLs, which lead to the media of pay-per-view titles, and the purpose of their signed tokens (http/signed_token.h). */
#define SIGN_GATE_PATH		"/api/ppv/media/"
#define SIGN_GATE_PURPOSE	"media"

/*
 * Path of playlists: it goes on with a signed token and "/NAME". The text of the
 * token is the film, "t" or "e" and the id of a title or an episode, and the
 * viewer, "u" and the id of a user, "g" for a guest, or "a" and the id of an
 * editor, who also sees films that are not published: t12u5, e7g, e7a5.
 */
#define SIGN_PLAY_PATH		"/api/media/"
#define SIGN_PLAY_PURPOSE	"play"

/*
 * Path of unsubscribe links, which end campaigns to an e-mail address, and purpose and validity of their signed tokens: ten years, because
 * letters are kept. The text of a token is the SHA-256 of the address in lower case as hexadecimal digits.
 */
#define SIGN_UNSUBSCRIBE_PATH	"/api/email/unsubscribe/"
#define SIGN_UNSUBSCRIBE_PURPOSE	"unsubscribe"
#define SIGN_UNSUBSCRIBE_SECONDS	315360000

/* Time for which the URLs of a film are valid, in seconds: 12 hours, because a player keeps them for the whole film. */
#define SIGN_PLAY_SECONDS	43200

/* Time for which sign_object() returns the same URL, in seconds, so that a playlist keeps its ETag. */
#define SIGN_STEADY_SECONDS	600

/*
 * Returns the text that begins a placeholder. A statement appends
 * ":<seconds>:<object key>" for a presigned URL, ":gate:<id of an asset
 * version>" for a gate URL of this API, or ":hls:<text of the token>",
 * ":hls0:<text of the token>" (with define=0), ":dash:<text of the token>" or
 * ":previews:<text of the token>" for the URL of a playlist. The text is random in each process, so that no stored text can be
 * taken for a placeholder.
 */
const char	*sign_placeholder(void);

/*
 * Writes the origin of this API's URLs: PUBLIC_API_ORIGIN, otherwise scheme
 * and host of the request (docs/compatibility.md#api-origin). Empty if the
 * request has no valid host.
 */
void	sign_origin(const struct request *, char base[SIGN_BASE_MAX]);

/* Writes the origin of object URLs: that of sign_origin() with the local object storage, empty with S3. */
void	sign_base(const struct request *, char base[SIGN_BASE_MAX]);

/*
 * Writes PUBLIC_ASSET_BASE and the key, or without it the public URL of object
 * storage (docs/compatibility.md#public-url). Returns 0 if there is none. base is
 * that of sign_base().
 */
int		sign_public_url(const char *base, const char *key, char url[OBJECTS_URL_MAX]);

/*
 * Returns a presigned GET URL of an object, valid for SIGN_PLAY_SECONDS at least,
 * in memory of the request; NULL if there are no credentials.
 */
const char	*sign_object(struct request *, const char *key);

/*
 * Appends a JSON body to out. Replaces each string that is a placeholder by a
 * presigned GET URL or a URL of this API, or by null if no URL can be made.
 */
void	sign_body(struct kore_buf *out, const char *base, const char *body, size_t len);

#endif
