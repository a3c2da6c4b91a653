/*
 * Commands that create an administrator's account, and that unlock an account.
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
#include "http/limit.h"
#include "http/password.h"
#include "store/pg_sync.h"
#include "store/pg_url.h"
#include "store/valkey.h"

#define STATEMENT	"sql/query/admin/create.sql"
#define PASSWORD_MAX	72	/* bytes; bcrypt ignores the rest */
#define ROLES		"SUPER_ADMIN CONTENT_MANAGER BLOG_EDITOR MODERATOR SUPPORT FINANCE ANALYTICS OPS"

/* Prints an error and returns 0. */
static int
failed(const char *error, const char *detail)
{
	fprintf(stderr, "wanzami: %s%s\n", error, detail);

	return (0);
}

/* Returns 1 if word is an element of the blank-separated list. */
static int
list_contains(const char *list, const char *word)
{
	const char	*p;
	size_t		len = strlen(word);

	for (p = list; (p = strstr(p, word)) != NULL; p++) {
		if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0') && len > 0)
			return (1);
	}

	return (0);
}

/*
 * Generates a strong password of four groups of five characters, without
 * letters and digits that look alike.
 */
static void
password_generate(char out[24])
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

/* Reads the password from standard input; generates one if standard input is a terminal or its first line is empty. */
static int
password_get(char *out, size_t size, int *generated)
{
	*out = '\0';
	if (!isatty(STDIN_FILENO) && fgets(out, (int)size, stdin) != NULL)
		out[strcspn(out, "\r\n")] = '\0';
	if ((*generated = *out == '\0'))
		password_generate(out);
	else if (strlen(out) < 8 || strlen(out) > PASSWORD_MAX)
		return (failed("the password must be 8 to 72 bytes long", ""));

	return (1);
}

static int
account_insert(const char *database_url, const char *email, const char *name, const char *role, const char *hash)
{
	const char	*params[] = { email, name, role, hash };
	char		schema[64], path[96], error[256], *url;
	PGconn		*db;
	PGresult	*res;
	int		ok;

	if ((url = pg_url_clean(database_url, schema, sizeof(schema))) == NULL)
		return (failed(PG_URL_WRONG, ""));
	db = pg_sync_plain(url, error, sizeof(error));
	free(url);
	if (db == NULL)
		return (failed("database error: ", error));
	snprintf(path, sizeof(path), "SET search_path = %s", schema);
	PQclear(PQexec(db, path));
	res = PQexecParams(db, embed_find(STATEMENT)->data, 4, NULL, params, NULL, NULL, 0);
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		ok = failed("database error: ", PQerrorMessage(db));
	else if (PQntuples(res) == 0)
		ok = failed("an account with this e-mail address already exists; nothing was changed: ", email);
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
	int	generated;

	if (email == NULL || !body_email_ok(email))
		return (!failed("--email: a valid e-mail address is required", ""));
	if (name == NULL || strlen(name) < 2)
		return (!failed("--name: a name of at least two bytes is required", ""));
	if (!list_contains(ROLES, role))
		return (!failed("--admin-role: unknown role; use one of ", ROLES));
	if (!password_get(password, sizeof(password), &generated))
		return (1);
	if (!password_make(password, hash))
		return (!failed("cannot hash the password: the system has no source of randomness", ""));
	if (!account_insert(database_url, email, name, role, hash))
		return (1);
	if (generated)
		printf("%s\n", password);
	explicit_bzero(password, sizeof(password));

	return (0);
}

int
admin_unlock(const char *email)
{
	char		pattern[LIMIT_KEY_MAX], why[256];
	const char	*wrong;
	long		n;

	if (email == NULL || !body_email_ok(email))
		return (!failed("--email: a valid e-mail address is required", ""));
	if ((wrong = valkey_configure()) != NULL)
		return (!failed(wrong, ""));
	limit_keys(email, pattern);
	if ((n = valkey_delete(pattern, why, sizeof(why))) < 0)
		return (!failed("cannot delete the counters of attempts from Valkey: ", why));
	printf("%ld counters deleted for %s\n", n, email);

	return (0);
}
