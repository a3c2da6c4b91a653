/*
 * Elliptic curves for every TLS engine: BearSSL's, except X25519, which nearly
 * every handshake uses. X25519 uses 64-bit arithmetic here (this version of
 * BearSSL has only 31-bit) and takes less than a third of the time.
 */
#ifndef WANZAMI_CURVES_H
#define WANZAMI_CURVES_H

#include <bearssl.h>

/* P-256, P-384, P-521 and X25519, in constant time. Any thread. */
extern const br_ec_impl	curves;

#endif
