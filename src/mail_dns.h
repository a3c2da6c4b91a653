/*
 * The command `wanzami mail dns`.
 */
#ifndef WANZAMI_MAIL_DNS_H
#define WANZAMI_MAIL_DNS_H

/*
 * Prints the DNS records by which other mail servers trust the mail of this
 * configuration, as lines of a zone file. Returns the exit status: 1 after a
 * message if the configuration is not valid.
 */
int	mail_dns_print(void);

#endif
