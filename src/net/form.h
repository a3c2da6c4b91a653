/*
 * Percent-encoding of form fields, query parameters and path segments. Any
 * thread.
 */
#ifndef WANZAMI_FORM_H
#define WANZAMI_FORM_H

#include <kore/kore.h>

/*
 * Appends name=value, encoded as application/x-www-form-urlencoded: letters,
 * digits and *-._ unchanged, a blank as "+", other bytes as %XX. Puts "&" in
 * front, except at the beginning of the buffer and after "?".
 */
void	form_add(struct kore_buf *, const char *name, const char *value);

/* Appends a path segment: encoded as form_add() does, except that a blank is %20. */
void	form_segment(struct kore_buf *, const char *text);

#endif
