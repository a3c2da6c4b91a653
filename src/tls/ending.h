/*
 * Warnings about certificates of other servers that end soon. verify.c calls
 * ending_check() after each handshake that has read and accepted a chain.
 */
#ifndef WANZAMI_ENDING_H
#define WANZAMI_ENDING_H

#include <stdint.h>

#define ENDING_DAYS	30	/* before its end a certificate is to be renewed */

/* Gets the host name or IP address and the day on which its certificate ends (YYYY-MM-DD). Called on the thread of the handshake. */
typedef void	(*ending_report)(const char *host, const char *until);

/* Lets the workers share what has been logged. Call once, before they are forked; without it each process logs for itself. */
void	ending_init(void);

/* Passes each certificate that ends soon to the function, instead of the log. Call before threads start. */
void	ending_report_set(ending_report);

/*
 * Takes the certificate of a host that has been accepted. If it ends within
 * ENDING_DAYS days, logs a warning, once a day for each host and certificate. now
 * and until: seconds since 1970. Any thread.
 */
void	ending_check(const char *host, int64_t until, int64_t now);

#endif
