/*
 * The settings of this process and of the servers that it needs.
 */
#ifndef WANZAMI_SETTINGS_H
#define WANZAMI_SETTINGS_H

/*
 * Reads the environment (conf_load()) and, with SQL_DIR, the SQL of that
 * folder. Returns NULL, or one line about the first error (static storage).
 * Once, before threads start.
 */
const char	*settings_load(void);

/*
 * Reads and checks the settings of database, mail, CAs, Valkey, object storage
 * and HTTPS; needs settings_load() and role_set(). Returns NULL, or one line about
 * the first that is wrong (static storage). Once, before threads start.
 */
const char	*settings_check(void);

/*
 * Returns one line (static storage) if MEDIA_DIR is used and does not exist, else
 * NULL; needs settings_load(). For commands that compare: settings_check() and a
 * start create the directory, and a mistyped path would be an empty store.
 */
const char	*settings_media(void);

/* Ends the process with exit status 1 and this message, unless it is NULL. */
void		settings_die(const char *wrong);

#endif
