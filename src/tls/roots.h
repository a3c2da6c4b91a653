/*
 * Trust anchors: Mozilla's CA certificates, embedded in the binary, and the
 * operator's.
 */
#ifndef WANZAMI_ROOTS_H
#define WANZAMI_ROOTS_H

#include <stddef.h>
#include <stdio.h>

#include <bearssl.h>

/* A set of trust anchors. Read-only after creation, so threads and connections can share it. */
struct roots {
	br_x509_trust_anchor	*anchors;
	size_t			count;
	unsigned char		**owned;	/* certificates that the anchors point into; only in a set from PEM */
	size_t			owned_count;
};

/*
 * Creates the sets from EXTRA_CA_PEM, TLS_CA_FILE and DATABASE_CA_PEM. Returns
 * NULL, or an error of one line (static storage). Call once, before threads and
 * workers start: they inherit the sets, and no file is opened later.
 */
const char		*roots_load(void);

/* Returns Mozilla's CAs and the operator's. Any thread, after roots_load(). */
const struct roots	*roots_all(void);

/* Returns the CAs of DATABASE_CA_PEM, NULL if it is unset. Any thread, after roots_load(). */
const struct roots	*roots_database(void);

/*
 * Creates a set from PEM text; free it with roots_free(). Returns NULL and sets
 * why (static) if there is no certificate or a malformed one. A certificate
 * that is not a CA's is trusted itself, but not what it has signed. Any thread.
 */
struct roots		*roots_parse(const char *pem, const char **why);
void			roots_free(struct roots *);

/* Returns the date of Mozilla's list, in seconds since 1970. A system clock with an earlier time is wrong. */
long long		roots_date(void);

/* Prints Mozilla's list: its date, then one line per CA. */
void			roots_print(FILE *);

#endif
