/*
 * JSON that came from outside: checked, tokenised by jsmn, and walked in
 * place; and the few things needed to write some. Any thread.
 */
#ifndef WANZAMI_JSON_H
#define WANZAMI_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <kore/kore.h>

#ifndef JSMN_H
#define JSMN_HEADER
#endif
#ifndef JSMN_PARENT_LINKS
#define JSMN_PARENT_LINKS
#endif
#include <jsmn.h>

#define JSON_DEPTH_MAX	64
#define JSON_NUL	"a string holds the character U+0000"	/* of json_parse */

/* text stays the caller's and must outlive it; node 0 is the whole document. */
struct json {
	const char	*text;
	jsmntok_t	*nodes;
	int		count;
};

/*
 * Checks len bytes against RFC 8259 (and: UTF-8, no NUL, surrogates in pairs,
 * depth at most JSON_DEPTH_MAX) and tokenises them. Returns NULL and a
 * document for json_free, or a sentence about the first mistake, which quotes
 * nothing of the text.
 */
const char	*json_parse(struct json *, const char *text, size_t len);
void		json_free(struct json *);

/* The value of a key in the object at node, -1 without it; the last of equal keys counts. */
int	json_get(const struct json *, int object, const char *key);

/* The node behind the value at node: with the first child at node + 1 this walks arrays and objects. */
int	json_next(const struct json *, int node);

/* One of JSMN_OBJECT, JSMN_ARRAY and JSMN_STRING, or the first letter of a primitive: n, t, f or 0 for a number. */
int	json_kind(const struct json *, int node);

/* The JSON text of a value; strings with their quotes. */
const char	*json_raw(const struct json *, int node, size_t *len);

/* Whether the string at node is exactly this text. */
int	json_is(const struct json *, int node, const char *text);

/* The string at node without escapes, at most as long as its raw text, with a NUL. The caller frees it. */
char	*json_plain(const struct json *, int node);

/* The length of the string at node in UTF-16 code units, as JavaScript counts. */
size_t	json_units(const struct json *, int node);

/*
 * Appends the value at node as JavaScript's JSON.stringify(JSON.parse(text))
 * writes it (ECMA-262 §25.5.2): without blanks, every string and number in its
 * one form. Keys stay in their order, also numbers and equal ones.
 */
void	json_compact(struct kore_buf *, const struct json *, int node);

/* Appends text as a JSON string, quotes included; NULL becomes null. text is UTF-8, or its other bytes become U+FFFD. */
void	json_quote(struct kore_buf *, const char *text);

#endif
