/*
 * Proof that something was said by who knows a secret. Any thread.
 */
#ifndef WANZAMI_MAC_H
#define WANZAMI_MAC_H

#include <stddef.h>

/*
 * The first `bytes` of HMAC-SHA256 (RFC 2104; at most 32) over n texts, in
 * hexadecimal with a NUL into hex. Each text counts with its own NUL, so that
 * none can run over into the next.
 */
void	mac_make(const void *key, size_t key_len, const char *const *texts, size_t n, size_t bytes, char *hex);

/* Whether two texts are the same, in a time that tells nothing but their lengths. */
int	mac_same(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
