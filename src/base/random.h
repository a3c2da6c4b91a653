/*
 * What nobody can guess, from the kernel. A process that the kernel has no
 * random numbers for, which does not happen once it is up, ends. Any thread.
 */
#ifndef WANZAMI_RANDOM_H
#define WANZAMI_RANDOM_H

#include <stddef.h>

/* Fills n bytes, at most 256. */
void	random_bytes(void *out, size_t n);

/* Writes 2 * n hexadecimal digits, made of n random bytes (at most 256), and a NUL. */
void	random_hex(char *out, size_t n);

/* A random UUID (version 4, RFC 9562 §5.4) in its usual form. */
#define RANDOM_UUID_MAX	37
void	random_uuid(char out[RANDOM_UUID_MAX]);

#endif
