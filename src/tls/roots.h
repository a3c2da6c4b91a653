/*
 * The authorities whose certificates are believed: Mozilla's, which the
 * binary carries, and those that the operator adds.
 */
#ifndef WANZAMI_ROOTS_H
#define WANZAMI_ROOTS_H

#include <stddef.h>
#include <stdio.h>

#include <bearssl.h>

/* A set of them; read only once made, so that threads and connections share it. */
struct roots {
	br_x509_trust_anchor	*anchors;
	size_t			count;
	unsigned char		**owned;	/* the certificates that the anchors point into, of a set from PEM */
	size_t			owned_count;
};

/*
 * Makes the sets from the configuration: EXTRA_CA_PEM, TLS_CA_FILE and
 * DATABASE_CA_PEM. Returns NULL, or one line (static storage) that says what
 * is wrong. Call once, before there are threads and workers: they inherit the
 * sets, and no file is opened for them later.
 */
const char		*roots_load(void);

/* Mozilla's authorities and the operator's own. Any thread, after roots_load(). */
const struct roots	*roots_all(void);

/* The authorities of DATABASE_CA_PEM, NULL when it is unset. Likewise. */
const struct roots	*roots_database(void);

/*
 * A new set from PEM text, for roots_free(); NULL, and why (static) when there
 * is none, or a block that is no certificate. A certificate that is no
 * authority's is believed itself, and nothing else that it signed. Any thread.
 */
struct roots		*roots_parse(const char *pem, const char **why);
void			roots_free(struct roots *);

/* The day of Mozilla's list, in seconds since 1970: no clock that is right says less. */
long long		roots_date(void);

/* One line for the list, and one for each authority in it. */
void			roots_print(FILE *);

#endif
