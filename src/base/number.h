/*
 * Numbers in texts of clients. Any thread.
 */
#ifndef WANZAMI_NUMBER_H
#define WANZAMI_NUMBER_H

#include <stdint.h>

/* Converts a text to a number like JavaScript's Number() (ECMA-262 §7.1.4.1.1): blank is 0, other texts that are no number are NaN. */
double	number_of_text(const char *);

/* Parses a decimal integer of 64 bits, with a sign and with ASCII white space around it; blank is 0. Returns 0 for other text. */
int	number_integer_of_text(const char *, int64_t *out);

#endif
