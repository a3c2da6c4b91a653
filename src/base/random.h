/*
 * Cryptographic random numbers from the kernel. Ends the process if getrandom(2)
 * fails, which does not happen after boot. Any thread.
 */
#ifndef WANZAMI_RANDOM_H
#define WANZAMI_RANDOM_H

#include <stddef.h>

/* Fills out with n random bytes, at most 256. */
void	random_bytes(void *out, size_t n);

/* Writes n random bytes (at most 256) as 2 * n hexadecimal digits and a NUL. */
void	random_hex(char *out, size_t n);

/* Writes a random UUID (version 4, RFC 9562 §5.4) in its text form. */
#define RANDOM_UUID_MAX	37
void	random_uuid(char out[RANDOM_UUID_MAX]);

#endif
