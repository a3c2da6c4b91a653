/*
 * Language tags (BCP 47, RFC 5646). Any thread.
 */
#ifndef WANZAMI_LANGUAGE_H
#define WANZAMI_LANGUAGE_H

#define LANGUAGE_MAX	36	/* bytes of a tag, with its NUL */

/*
 * Writes the tag of a language in the form that BCP 47 recommends: codes of
 * ISO 639-2 with three letters become those with two letters ("ger" and "deu"
 * are "de"), and each subtag gets its usual case ("zh-Hant-TW"). "_" counts as
 * "-". Returns 0 if the text is no tag; out then is "und".
 */
int	language_tag(const char *text, char out[LANGUAGE_MAX]);

#endif
