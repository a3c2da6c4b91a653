/*
 * The access tokens that were verified lately: a client sends the same one with
 * each request for an hour, and to verify one costs a tenth of a cheap request.
 * Only what verification says of the text and the secret is remembered, and no
 * more of either can change while the process lives; time is looked at again,
 * and whether the session is still there is the database's to say each time.
 */
#ifndef WANZAMI_TOKENCACHE_H
#define WANZAMI_TOKENCACHE_H

struct token;

/*
 * What token_verify() says of an access token; NULL when it does not count. It
 * belongs to the cache and is good until the next call. The thread of the event
 * loop.
 */
const struct token	*tokencache_verify(const char *text);

#endif
