/*
 * Date parser that accepts what JavaScript's Date accepts: ECMA-262 §21.4.1.32
 * and the other forms common to all engines. Any thread.
 */
#ifndef WANZAMI_DATE_H
#define WANZAMI_DATE_H

#include <stdint.h>

/* First millisecond of year 1 and last of year 9999, since 1970: the range that PostgreSQL and every client can represent. */
#define DATE_MS_MIN	(-62135596800000)
#define DATE_MS_MAX	253402300799999

/* Parses a date; without an offset it is UTC. Returns 0 if it is not valid or out of range. */
int	date_parse(const char *text, int64_t *ms);

#endif
