/*
 * Dates that clients write as JavaScript reads them (ECMA-262 §21.4.1.32 and
 * the forms that every engine knows beside it). Any thread.
 */
#ifndef WANZAMI_DATE_H
#define WANZAMI_DATE_H

#include <stdint.h>

/* Milliseconds since 1970 of the first moment of year 1 and of the last of 9999, which every clock and database can show. */
#define DATE_MS_MIN	(-62135596800000)
#define DATE_MS_MAX	253402300799999

/* Reads a date; without an offset it is UTC's. Returns 0 for what is none, or lies outside these years. */
int	date_parse(const char *text, int64_t *ms);

#endif
