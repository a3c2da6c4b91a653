/*
 * A table of verified access tokens, indexed by a hash of the end of the token.
 * A new token replaces the one in its slot.
 */
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "base/mac.h"
#include "http/token.h"
#include "http/token_cache.h"

#define SLOTS	256

/* The whole token is stored and compared, so that a part of a token is never accepted. */
struct entry {
	struct token	token;
	size_t		len;
	char		text[];
};

static struct entry	*slots[SLOTS];

/* Returns the slot of a token. The end of a token is its MAC, which spreads evenly. */
static struct entry **
slot(const char *text, size_t len)
{
	unsigned int	sum = 0;
	size_t		i;

	for (i = len > 8 ? len - 8 : 0; i < len; i++)
		sum = sum * 31 + (unsigned char)text[i];

	return (&slots[sum % SLOTS]);
}

static void
entry_free(struct entry *e)
{
	if (e == NULL)
		return;
	token_free(&e->token);
	explicit_bzero(e->text, e->len);
	free(e);
}

static struct entry *
entry_make(const char *text, size_t len, const struct token *token)
{
	struct entry	*e = malloc(sizeof(*e) + len);

	if (e == NULL)
		fatal("out of memory");
	e->token = *token;
	e->len = len;
	memcpy(e->text, text, len);

	return (e);
}

const struct token *
token_cache_verify(const char *text)
{
	size_t		len = strlen(text);
	struct entry	**at = slot(text, len);
	struct token	token;

	if (*at != NULL && mac_same(text, len, (*at)->text, (*at)->len))
		return (token_current(&(*at)->token) ? &(*at)->token : NULL);
	if (!token_verify(TOKEN_ACCESS, text, &token))
		return (NULL);
	entry_free(*at);
	*at = entry_make(text, len, &token);

	return (&(*at)->token);
}
