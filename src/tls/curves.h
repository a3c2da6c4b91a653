/*
 * The elliptic curves of every TLS engine: BearSSL's, but X25519, which nearly
 * every handshake uses, in 64-bit arithmetic (this version of BearSSL has it in
 * 31-bit only), at less than a third of the time.
 */
#ifndef WANZAMI_CURVES_H
#define WANZAMI_CURVES_H

#include <bearssl.h>

/* P-256, P-384, P-521 and X25519, in constant time. Any thread. */
extern const br_ec_impl	curves;

#endif
