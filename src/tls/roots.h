/*
 * The authorities whose certificates this process trusts.
 */
#ifndef WANZAMI_ROOTS_H
#define WANZAMI_ROOTS_H

#include <stddef.h>

/*
 * Reads TLS_CA_FILE, or the system's own list where there is one. Returns NULL,
 * or one line (static storage) that says what is wrong. Call once, in the
 * parent: workers inherit what was read and open no file.
 */
const char	*roots_load(void);

/* The certificates as PEM, len bytes followed by a NUL; NULL and 0 when there are none, and nobody is trusted. Any thread. */
const char	*roots_pem(size_t *len);

#endif
