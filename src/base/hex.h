/*
 * Hexadecimal encoding, in lower case.
 */
#ifndef WANZAMI_HEX_H
#define WANZAMI_HEX_H

#include <stddef.h>

/* Writes 2 * n digits and a NUL to out. Any thread. */
void	hex_write(char *out, const void *bytes, size_t n);

/* Returns the value of a digit, in upper or lower case, or -1. Any thread. */
int	hex_digit(char);

#endif
