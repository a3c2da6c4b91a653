/*
 * Advice on what to change after an error of another server: one table for
 * `wanzami doctor` and the log.
 */
#ifndef WANZAMI_ADVICE_H
#define WANZAMI_ADVICE_H

#include <stddef.h>

#define ADVICE_MAX	256

/* Parts of the text of an error; a value follows, at the end of the text or before a blank. */
#define ADVICE_REGION		"the bucket is in region "
#define ADVICE_PERMISSION	"the request needs "

/*
 * Returns one line that says what to change after an error of PostgreSQL, Valkey,
 * object storage or an SMTP server, or of its certificate: static text, or out.
 * NULL if the error says nothing about its cause. error: the text as it is logged.
 * Any thread.
 */
const char	*advice_find(const char *error, char out[ADVICE_MAX]);

#endif
