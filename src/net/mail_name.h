/*
 * Names of people as mail shows them. Anybody can sign up with a name of their
 * choice and the e-mail address of somebody else, so a name must not be able to
 * carry a message or a link to that address. Any thread.
 */
#ifndef WANZAMI_MAIL_NAME_H
#define WANZAMI_MAIL_NAME_H

#define MAIL_NAME_MAX	100	/* characters */

/*
 * Returns the name as one line of at most MAIL_NAME_MAX characters, which the
 * caller frees. Mail programs make links of URLs and domains: a blank follows
 * each dot inside a word ("evil. example"), and "://" becomes a colon and a
 * blank. name is UTF-8. Returns NULL if out of memory.
 */
char	*mail_name(const char *name);

#endif
