/*
 * Checks the settings of the servers that this process needs.
 */
#ifndef WANZAMI_SETTINGS_H
#define WANZAMI_SETTINGS_H

/*
 * Reads and checks the settings of database, mail, CAs, Valkey, object storage
 * and HTTPS; needs conf_load() and role_set(). Returns NULL, or one line about
 * the first that is wrong (static storage). Once, before threads start.
 */
const char	*settings_check(void);

/* Ends the process with exit status 1 and this message, unless it is NULL. */
void		settings_die(const char *wrong);

#endif
