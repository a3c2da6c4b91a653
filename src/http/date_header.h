/*
 * Date of responses (RFC 9110 §6.6.1). Event loop only.
 */
#ifndef WANZAMI_DATE_HEADER_H
#define WANZAMI_DATE_HEADER_H

/* Adds Date to all responses that Kore writes. Call once in each worker that serves HTTP. */
void	date_header_start(void);

/* Returns the current value of the header, for responses that Kore does not write. */
const char	*date_header(void);

#endif
