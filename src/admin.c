/*
 * Makes the first account of a new installation, or another one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "admin.h"
#include "base/embed.h"
#include "base/random.h"
#include "http/body.h"
#include "http/password.h"
#include "store/pg_url.h"

#define STATEMENT	"sql/query/admin/create.sql"
#define CONNECT_SEC	"30"	/* unless DATABASE_URL says otherwise */
#define PASSWORD_MAX	72	/* bytes that bcrypt looks at */
#define ROLES		"SUPER_ADMIN CONTENT_MANAGER BLOG_EDITOR MODERATOR SUPPORT FINANCE ANALYTICS OPS"

static int
failed(const char *why, const char *more)
{
	fprintf(stderr, "wanzami: %s%s\n", why, more);

	return (0);
}

/* Whether the word is one of the blank-separated list. */
static int
listed(const char *list, const char *word)
{
	const char	*p;
	size_t		len = strlen(word);

	for (p = list; (p = strstr(p, word)) != NULL; p++) {
		if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0') && len > 0)
			return (1);
	}

	return (0);
}

/* Four groups of five letters and digits that cannot be mistaken for each other, all of what a strong password needs. */
static void
password_invent(char out[24])
{
	static const char	alphabet[] = "ABCDEFGHJKMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
	unsigned char		byte;
	size_t			n;

	do {
		for (n = 0; n < 23;) {
			if (n % 6 == 5) {
				out[n++] = '-';
				continue;
			}
			random_bytes(&byte, 1);
			if (byte < 256 / (sizeof(alphabet) - 1) * (sizeof(alphabet) - 1))
				out[n++] = alphabet[byte % (sizeof(alphabet) - 1)];
		}
		out[n] = '\0';
	} while (!password_strong(out));
}

/* From standard input unless that is a terminal or empty. */
static int
password_get(char *out, size_t size, int *invented)
{
	*out = '\0';
	if (!isatty(STDIN_FILENO) && fgets(out, (int)size, stdin) != NULL)
		out[strcspn(out, "\r\n")] = '\0';
	if ((*invented = *out == '\0'))
		password_invent(out);
	else if (strlen(out) < 8 || strlen(out) > PASSWORD_MAX)
		return (failed("the password must have 8 to 72 bytes", ""));

	return (1);
}

static int
account_insert(const char *database_url, const char *email, const char *name, const char *role, const char *hash)
{
	const char	*params[] = { email, name, role, hash };
	char		schema[64], path[96], *url;
	PGconn		*db;
	PGresult	*res;
	int		ok;

	if ((url = pg_url_clean(database_url, schema, sizeof(schema))) == NULL)
		return (failed("DATABASE_URL is missing or wrong; it must be postgresql://user:password@host:port/database", ""));
	db = PQconnectdbParams((const char *[]){ "connect_timeout", "dbname", NULL }, (const char *[]){ CONNECT_SEC, url, NULL }, 1);
	free(url);
	snprintf(path, sizeof(path), "SET search_path = %s", schema);
	PQclear(PQexec(db, path));
	res = PQexecParams(db, embed_find(STATEMENT)->data, 4, NULL, params, NULL, NULL, 0);
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		ok = failed("the database says: ", PQerrorMessage(db));
	else if (PQntuples(res) == 0)
		ok = failed("this address has an account already, nothing was changed: ", email);
	else
		ok = 1;
	PQclear(res);
	PQfinish(db);

	return (ok);
}

int
admin_create(const char *database_url, const char *email, const char *name, const char *role)
{
	char	password[PASSWORD_MAX + 4], hash[PASSWORD_HASH_MAX];
	int	invented;

	if (email == NULL || !body_email_ok(email))
		return (!failed("--email takes an address", ""));
	if (name == NULL || strlen(name) < 2)
		return (!failed("--name takes a name of at least two letters", ""));
	if (!listed(ROLES, role))
		return (!failed("--role takes one of ", ROLES));
	if (!password_get(password, sizeof(password), &invented))
		return (1);
	if (!password_make(password, hash))
		return (!failed("the password cannot be hashed", ""));
	if (!account_insert(database_url, email, name, role, hash))
		return (1);
	if (invented)
		printf("%s\n", password);
	explicit_bzero(password, sizeof(password));

	return (0);
}
