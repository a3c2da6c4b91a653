/*
 * UTF-8 validation (RFC 3629): no overlong forms and no surrogates. Any thread.
 */
#ifndef WANZAMI_UTF8_H
#define WANZAMI_UTF8_H

#include <stddef.h>

/* Returns the length in bytes of the character at text (text < end), 0 if it is not valid. */
size_t	utf8_length(const char *text, const char *end);

/* Returns 1 if all len bytes are valid UTF-8. */
int	utf8_ok(const char *text, size_t len);

#endif
