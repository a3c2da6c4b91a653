/*
 * A cache of verified access tokens, because a client sends the same token with
 * each of its requests. The cache keeps the result of the signature check,
 * which cannot change while the process runs. The expiry is checked on each
 * call; sql/query/guard.sql checks the session. Event loop only.
 */
#ifndef WANZAMI_TOKEN_CACHE_H
#define WANZAMI_TOKEN_CACHE_H

struct token;

/*
 * Verifies an access token like token_verify(). Returns NULL if it is not
 * valid. The cache owns the result, which is valid until the next call.
 */
const struct token	*token_cache_verify(const char *text);

#endif
