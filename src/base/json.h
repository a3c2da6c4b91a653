/*
 * Strict JSON parser for untrusted input, based on jsmn, and functions to write
 * JSON. Any thread.
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
#define JSON_NUL	"U+0000 in a string"	/* error of json_parse() */

/* A parsed document. The caller owns text, which must outlive it. Node 0 is the root. */
struct json {
	const char	*text;
	jsmntok_t	*nodes;
	int		count;
};

/*
 * Parses len bytes of JSON (RFC 8259). Also requires UTF-8, no U+0000, paired
 * surrogates and a depth of at most JSON_DEPTH_MAX. Returns NULL and a document
 * to free with json_free(), or the first error (static; does not quote the
 * input).
 */
const char	*json_parse(struct json *, const char *text, size_t len);
void		json_free(struct json *);

/* Returns the node of a key's value in the object, -1 if the key is missing. The last of duplicate keys counts. */
int	json_get(const struct json *, int object, const char *key);

/* Returns the node after the value at node. Iterates arrays and objects, whose first child is node + 1. */
int	json_next(const struct json *, int node);

/* Returns JSMN_OBJECT, JSMN_ARRAY or JSMN_STRING; 'n', 't' or 'f' for null, true and false; 0 for a number. */
int	json_kind(const struct json *, int node);

/* Returns the JSON text of a value; of a string, with its quotes. */
const char	*json_raw(const struct json *, int node, size_t *len);

/* Returns 1 if node is a string that equals text. */
int	json_is(const struct json *, int node, const char *text);

/* Returns the string at node, unescaped and NUL-terminated; not longer than its raw text. The caller frees it. */
char	*json_plain(const struct json *, int node);

/* Returns the length of the string at node in UTF-16 code units, as JavaScript counts. */
size_t	json_units(const struct json *, int node);

/*
 * Appends the value at node as JSON.stringify(JSON.parse(text)) would write it
 * (ECMA-262 §25.5.2): without blanks, strings and numbers in canonical form.
 * Unlike JavaScript, keeps the order of all keys, and duplicate keys.
 */
void	json_compact(struct kore_buf *, const struct json *, int node);

/* Appends text as a quoted JSON string; NULL becomes null. Bytes that are not UTF-8 become U+FFFD. */
void	json_quote(struct kore_buf *, const char *text);

#endif
