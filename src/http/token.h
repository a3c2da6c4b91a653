/*
 * Access and refresh tokens (docs/compatibility.md#tokens): JWT by libjwt,
 * HS256 only. Any thread, once the configuration is loaded.
 */
#ifndef WANZAMI_TOKEN_H
#define WANZAMI_TOKEN_H

#include <stdint.h>

/* What a verified token says. Text is malloc'ed; token_free frees all of it. */
struct token {
	char		*user_id;	/* decimal, above 0 */
	char		*device_id;	/* "" when it names none */
	int64_t		lifetime;	/* exp - iat in seconds; 0 when one of the two is missing */
	int64_t		from, until;	/* Unix time; it counts in between, without the second of its end */
};

enum token_kind { TOKEN_ACCESS, TOKEN_REFRESH };

/* Whether text is a token of this kind that we signed and that has not expired. */
int	token_verify(enum token_kind, const char *text, struct token *);
void	token_free(struct token *);

/* Whether a verified token still counts. */
int	token_current(const struct token *);

/*
 * New tokens, valid for seconds from now. permissions is a JSON array. The
 * caller frees what is returned.
 */
char	*token_access(const char *user_id, const char *email, const char *role, const char *permissions,
	    const char *device_id, int64_t seconds);
char	*token_refresh(const char *user_id, const char *device_id, int64_t seconds);

/* "sha256:" and the hexadecimal SHA-256 of text: how tokens are kept at rest. */
#define TOKEN_DIGEST_MAX	72
void	token_digest(const char *text, char out[TOKEN_DIGEST_MAX]);

#endif
