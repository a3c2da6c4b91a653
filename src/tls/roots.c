/*
 * The authorities that are trusted: one PEM file, read before the workers start.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "tls/roots.h"

#define SYSTEM_ROOTS	"/etc/ssl/certs/ca-certificates.crt"
#define ROOTS_MAX	(4 * 1024 * 1024)

static char	*pem = NULL;
static size_t	pem_len = 0;

/* The whole file; fails with errno set. */
static int
file_read(const char *path)
{
	FILE	*fp;
	size_t	n;
	int	ok;

	if ((fp = fopen(path, "re")) == NULL)
		return (0);
	if ((pem = malloc(ROOTS_MAX + 1)) == NULL) {
		(void)fclose(fp);
		return (0);
	}
	n = fread(pem, 1, ROOTS_MAX, fp);
	ok = !ferror(fp);
	(void)fclose(fp);
	if (ok) {
		pem_len = n;
		pem = realloc(pem, n + 1);
		pem[n] = '\0';
	} else {
		free(pem);
		pem = NULL;
	}

	return (ok);
}

const char *
roots_load(void)
{
	static char	error[512];
	const char	*path = conf_str(CONF_TLS_CA_FILE);

	if (*path == '\0') {
		(void)file_read(SYSTEM_ROOTS);
		return (NULL);
	}
	errno = 0;
	if (!file_read(path)) {
		snprintf(error, sizeof(error), "TLS_CA_FILE cannot be read: %s", strerror(errno));
		return (error);
	}
	if (strstr(pem, "-----BEGIN CERTIFICATE-----") == NULL)
		return ("TLS_CA_FILE holds no certificate; it must be PEM");

	return (NULL);
}

const char *
roots_pem(size_t *len)
{
	*len = pem_len;

	return (pem);
}
