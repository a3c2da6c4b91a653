/*
 * Access and refresh tokens (docs/compatibility.md#tokens): JWTs with HS256,
 * by libjwt. Any thread, after the configuration has been loaded.
 */
#ifndef WANZAMI_TOKEN_H
#define WANZAMI_TOKEN_H

#include <stdint.h>

/* The claims of a verified token. token_free() frees the strings. */
struct token {
	char		*user_id;	/* decimal, above 0 */
	char		*device_id;	/* "" without the claim */
	char		*session;	/* digest of the refresh token that was issued together with an access token; NULL without the claim */
	int64_t		issued;		/* iat, Unix time; -1 if it is missing or after the year 9999 */
	int64_t		lifetime;	/* exp - iat in seconds; 0 if one of them is missing */
	int64_t		from, until;	/* Unix time; valid if from <= now < until */
};

enum token_kind { TOKEN_ACCESS, TOKEN_REFRESH };

/* Verifies signature, by the present secret or the previous one, and validity of a token of this kind. Returns 1 and fills the structure, or returns 0. */
int	token_verify(enum token_kind, const char *text, struct token *);
void	token_free(struct token *);

/* Returns 1 if a verified token is valid now. */
int	token_current(const struct token *);

/*
 * Return a new token that is valid for the given number of seconds.
 * permissions is a JSON array; session is the digest of the refresh token. The
 * caller frees the token.
 */
char	*token_access(const char *user_id, const char *email, const char *role, const char *permissions,
	    const char *device_id, const char *session, int64_t seconds);
char	*token_refresh(const char *user_id, const char *device_id, int64_t seconds);

#define TOKEN_DIGEST_MAX	72

/* Writes "sha256:" and the hexadecimal SHA-256 of text. The database stores tokens in this form only. */
void	token_digest(const char *text, char out[TOKEN_DIGEST_MAX]);

#endif
