/*
 * Lower-case hexadecimal encoding.
 */
#ifndef WANZAMI_HEX_H
#define WANZAMI_HEX_H

#include <stddef.h>

/* Writes 2 * n digits and a NUL to out. Any thread. */
void	hex_write(char *out, const void *bytes, size_t n);

#endif
