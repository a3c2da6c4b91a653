/*
 * The access tokens that were verified lately: a client sends the same one with
 * each of its requests. Only what verification says of text and secret is
 * remembered, for neither changes while the process lives; the time is looked
 * at again, and whether the session still stands is the database's to say.
 */
#ifndef WANZAMI_TOKEN_CACHE_H
#define WANZAMI_TOKEN_CACHE_H

struct token;

/*
 * What token_verify() says of an access token; NULL when it does not count. It
 * belongs to the cache and is good until the next call. The thread of the event
 * loop.
 */
const struct token	*token_cache_verify(const char *text);

#endif
