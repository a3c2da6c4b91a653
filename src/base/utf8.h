/*
 * What is UTF-8 and what is not (RFC 3629): the shortest form of a character,
 * and no halves of surrogate pairs. Any thread.
 */
#ifndef WANZAMI_UTF8_H
#define WANZAMI_UTF8_H

#include <stddef.h>

/* Bytes of the character at text, which end is behind; 0 if there is none. */
size_t	utf8_length(const char *text, const char *end);

/* Whether len bytes are nothing else. */
int	utf8_ok(const char *text, size_t len);

#endif
