/*
 * Texts as parts of addresses and forms. Any thread.
 */
#ifndef WANZAMI_FORM_H
#define WANZAMI_FORM_H

#include <kore/kore.h>

/* Appends name=value, behind "&" unless it is the first or stands behind "?", as HTML forms are encoded: blanks as "+", all but letters, digits and *-._ in percents. */
void	form_add(struct kore_buf *, const char *name, const char *value);

/* Appends a text as one segment of a path: the same with blanks in percents, too. */
void	form_segment(struct kore_buf *, const char *text);

#endif
