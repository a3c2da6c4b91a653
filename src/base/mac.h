/*
 * Message authentication codes (HMAC). Any thread.
 */
#ifndef WANZAMI_MAC_H
#define WANZAMI_MAC_H

#include <stddef.h>

/*
 * Computes HMAC-SHA256 (RFC 2104) over n texts and writes its first `bytes`
 * bytes (at most 32) to hex as hexadecimal digits and a NUL. Each text includes
 * its NUL, so that the boundaries between texts are unambiguous.
 */
void	mac_make(const void *key, size_t key_len, const char *const *texts, size_t n, size_t bytes, char *hex);

/* Returns 1 if two texts are equal. The time depends only on their lengths. */
int	mac_same(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
