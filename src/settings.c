/*
 * Each module checks its own variables; this is the list of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/embed.h"
#include "base/role.h"
#include "base/secret_file.h"
#include "net/mail.h"
#include "settings.h"
#include "store/objects.h"
#include "store/pg_url.h"
#include "store/valkey.h"
#include "tls/listener.h"
#include "tls/roots.h"

#define SQL_PREFIX	"sql/"	/* of the embedded files that SQL_DIR replaces */

const char *
settings_load(void)
{
	static char	error[640];
	const char	*wrong, *folder;

	if ((wrong = conf_load()) != NULL)
		return (wrong);
	if (*(folder = conf_str(CONF_SQL_DIR)) == '\0')
		return (NULL);
	if (!strcmp(conf_str(CONF_WANZAMI_ENV), "production"))
		return ("SQL_DIR is set and WANZAMI_ENV is production, which only runs the SQL in the binary; unset SQL_DIR");
	if ((wrong = embed_overlay(SQL_PREFIX, folder)) == NULL)
		return (NULL);
	(void)snprintf(error, sizeof(error), "SQL_DIR: %s", wrong);

	return (error);
}

/* Reads the files of passwords once, so that a wrong path is reported at start. */
static const char *
passwords_check(void)
{
	static const enum conf_id	files[] = { CONF_DATABASE_PASSWORD_FILE, CONF_REDIS_PASSWORD_FILE };
	static char			error[320];
	char				password[SECRET_FILE_MAX];
	size_t				i;
	int				ok = 1;

	for (i = 0; ok && i < sizeof(files) / sizeof(files[0]); i++) {
		ok = secret_file_read(files[i], password, error, sizeof(error));
		explicit_bzero(password, sizeof(password));
	}

	return (ok ? NULL : error);
}

const char *
settings_check(void)
{
	const char	*error;
	char		schema[64], *url;

	if ((url = pg_url_clean(conf_str(CONF_DATABASE_URL), schema, sizeof(schema))) == NULL)
		return (PG_URL_WRONG);
	free(url);
	if ((error = passwords_check()) != NULL || (error = mail_configure()) != NULL || (error = roots_load()) != NULL || (error = valkey_configure()) != NULL ||
	    (error = objects_configure()) != NULL)
		return (error);
	if ((role_get() & ROLE_API) && (error = listener_configure()) != NULL)
		return (error);
	if (!objects_enabled() && (role_get() & (ROLE_API | ROLE_TRANSCODE)) && !strcmp(conf_str(CONF_WANZAMI_ENV), "production"))
		return ("neither S3_BUCKET nor MEDIA_DIR is set; one of them must say where films are kept");

	return (NULL);
}

const char *
settings_media(void)
{
	static char	error[1280];
	const char	*dir = conf_str(CONF_MEDIA_DIR);

	if (*conf_str(CONF_S3_BUCKET) != '\0' || *dir == '\0' || access(dir, F_OK) == 0)
		return (NULL);
	snprintf(error, sizeof(error), "MEDIA_DIR %.1023s: %s; create it, or correct the path", dir, strerror(errno));

	return (error);
}

void
settings_die(const char *wrong)
{
	if (wrong == NULL)
		return;
	fprintf(stderr, "wanzami: %s\n", wrong);
	exit(1);
}
