/*
 * DATABASE_URL for psql and pg_dump. Their TLS is OpenSSL's, which takes the
 * certificates of authorities from files.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/secret_file.h"
#include "database_url.h"
#include "net/form.h"
#include "store/pg_url.h"

/* Prints an error and returns 0. */
static int
failed(const char *error, const char *detail)
{
	fprintf(stderr, "wanzami: %s%s\n", error, detail);

	return (0);
}

/* Writes DATABASE_CA_PEM. Its line ends may be written as \n, because some tools cannot set a variable of several lines. */
static int
ca_write(const char *path)
{
	const char	*p;
	FILE		*fp;

	if (path == NULL)
		return (failed("name a file for the certificates of DATABASE_CA_PEM: wanzami database url --libpq CA-FILE", ""));
	if ((fp = fopen(path, "w")) == NULL)
		return (failed("cannot write CA-FILE: ", strerror(errno)));
	for (p = conf_str(CONF_DATABASE_CA_PEM); *p != '\0'; p++) {
		if (p[0] == '\\' && (p[1] == 'n' || p[1] == 'r')) {
			fputc(*++p == 'n' ? '\n' : '\r', fp);
		} else {
			fputc(*p, fp);
		}
	}
	fputc('\n', fp);

	return (fclose(fp) == 0 || failed("cannot write CA-FILE: ", strerror(errno)));
}

static void
parameter_add(struct kore_buf *url, const char *name, const char *value)
{
	kore_buf_append(url, memchr(url->data, '?', url->offset) != NULL ? "&" : "?", 1);
	kore_buf_append(url, name, strlen(name));
	kore_buf_append(url, "=", 1);
	form_segment(url, value);
}

/* Appends sslrootcert: the file, or for a server that is checked by the well-known authorities, OpenSSL's own. */
static void
root_add(struct kore_buf *url, const char *ca_file, const char *sslmode)
{
	const char	*file = ca_file != NULL ? ca_file : "system";

	if (ca_file == NULL && (sslmode == NULL || strncmp(sslmode + strlen("sslmode="), "verify-", 7) != 0))
		return;
	parameter_add(url, "sslrootcert", file);
}

int
database_url_print(const char *ca_file)
{
	char		schema[64], password[SECRET_FILE_MAX], error[256], *clean;
	struct kore_buf	url;

	if ((clean = pg_url_clean(conf_str(CONF_DATABASE_URL), schema, sizeof(schema))) == NULL)
		return (!failed(PG_URL_WRONG, ""));
	if (!secret_file_read(CONF_DATABASE_PASSWORD_FILE, password, error, sizeof(error))) {
		free(clean);
		return (!failed(error, ""));
	}
	if (*conf_str(CONF_DATABASE_CA_PEM) == '\0')
		ca_file = NULL;
	else if (!ca_write(ca_file)) {
		free(clean);
		return (1);
	}
	kore_buf_init(&url, 512);
	kore_buf_append(&url, clean, strlen(clean));
	if (*password != '\0')
		parameter_add(&url, "password", password);
	if (strstr(clean, "sslrootcert=") == NULL)
		root_add(&url, ca_file, strstr(clean, "sslmode="));
	printf("%.*s\n", (int)url.offset, (const char *)url.data);
	kore_buf_cleanup(&url);
	free(clean);

	return (0);
}
