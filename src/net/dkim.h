/*
 * DKIM signatures (RFC 6376) of outgoing mail: relaxed/relaxed, rsa-sha256.
 */
#ifndef WANZAMI_DKIM_H
#define WANZAMI_DKIM_H

#include <stddef.h>
#include <time.h>

/*
 * Checks the DKIM_ variables and reads the key. Returns NULL, or one line
 * (static storage) that says what is wrong. Call it once, before the other
 * functions.
 */
const char	*dkim_configure(void);

/* Returns 1 if mail is signed. Any thread. */
int		dkim_enabled(void);

/*
 * Returns the header field DKIM-Signature of a message with CR LF line ends, to
 * be put before it; the caller frees it. NULL if memory is out. Any thread.
 */
char		*dkim_sign(const char *message, size_t len, time_t now);

/* Returns the public key as the DNS record has it (RFC 6376 §3.6.1), in base64, which the caller frees with kore_free(); NULL if memory is out. */
char		*dkim_public_key(void);

#endif
