/*
 * Reads and checks environment variables by the table in conf_vars.h.
 */
#include <sys/param.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cidr.h"
#include "base/conf.h"
#include "base/cron_expr.h"
#include "base/env_file.h"

#define SECRET_MIN_BYTES	32	/* docs/compatibility.md#secrets */

enum conf_type { CONF_TEXT, CONF_NUMBER, CONF_NATURAL, CONF_CHOICE, CONF_CHOICES, CONF_YESNO, CONF_URL, CONF_LINK, CONF_DURATION, CONF_CRON, CONF_ZONE, CONF_NETWORKS,
	CONF_PATH };

struct conf_var {
	const char	*name;
	enum conf_type	type;
	const char	*fallback;	/* NULL: unset */
	int64_t		min, max;	/* of a number; CONF_NATURAL also takes 0, which means the default */
	const char	*choices;	/* separated by '|' */
	int		secret;		/* never print the value */
	const char	*help;
};

#define CONF_VAR(n, t, ...)	[CONF_##n] = { .name = #n, .type = t, __VA_ARGS__ },
static const struct conf_var table[CONF_COUNT] = {
#include "base/conf_vars.h"
};
#undef CONF_VAR

static struct {
	const char	*text;
	int64_t		number;
} values[CONF_COUNT];

static int
choice_known(const char *choices, const char *word, size_t len)
{
	const char	*p, *end;

	for (p = choices; p != NULL; p = (*end == '|') ? end + 1 : NULL) {
		end = p + strcspn(p, "|");
		if ((size_t)(end - p) == len && !strncmp(p, word, len))
			return (1);
	}

	return (0);
}

static int
choices_known(const char *choices, const char *list)
{
	const char	*p;
	size_t		len;

	for (p = list;; p += len + 1) {
		len = strcspn(p, ",");
		if (!choice_known(choices, p, len))
			return (0);
		if (p[len] == '\0')
			return (1);
	}
}

static int
number_parse(const struct conf_var *v, const char *text, int64_t *out)
{
	char	*end;

	if (*text < '0' || *text > '9')
		return (0);
	*out = strtoll(text, &end, 10);

	return (*end == '\0' && *out >= v->min && *out <= v->max);
}

static int
yesno_parse(const char *text, int64_t *out)
{
	*out = !strcmp(text, "1") || !strcasecmp(text, "true") || !strcasecmp(text, "yes");

	return (*out || !strcmp(text, "0") || !strcasecmp(text, "false") || !strcasecmp(text, "no"));
}

/* Parses a whole number with unit s, m, h or d, without blanks: the syntax that both parsers of the old service accept. */
static int
duration_parse(const char *text, int64_t *out)
{
	static const char	units[] = "smhd";
	static const int	seconds[] = { 1, 60, 3600, 86400 };
	char			*end;

	if (*text < '0' || *text > '9')
		return (0);
	*out = strtoll(text, &end, 10);
	if (*end == '\0' || end[1] != '\0' || strchr(units, *end) == NULL || *out < 1 || *out > 100000000)
		return (0);
	*out *= seconds[strchr(units, *end) - units];

	return (1);
}

/* Accepts http(s)://host[:port], with or without a trailing slash. */
static int
url_ok(const char *text)
{
	const char	*host;
	size_t		len;

	if (strncmp(text, "http://", 7) && strncmp(text, "https://", 8))
		return (0);
	host = strstr(text, "://") + 3;
	len = strcspn(host, "/?# \t");

	return (len > 0 && (host[len] == '\0' || !strcmp(host + len, "/")));
}

/* Accepts http(s)://host[:port] with an optional path, query and fragment. */
static int
link_ok(const char *text)
{
	const char	*host = strstr(text, "://");

	return ((!strncmp(text, "http://", 7) || !strncmp(text, "https://", 8)) && strcspn(host + 3, "/?#") > 0 &&
	    text[strcspn(text, " \t\r\n\"\\")] == '\0');
}

/* Makes a relative path absolute: workers have another working directory. Returns 0 if the working directory is not known. */
static int
path_resolve(enum conf_id id, const char *text)
{
	static char	*made[CONF_COUNT];
	char		folder[PATH_MAX];
	size_t		size;

	if (*text == '/')
		return (1);
	if (getcwd(folder, sizeof(folder)) == NULL)
		return (0);
	size = strlen(folder) + strlen(text) + 2;
	free(made[id]);
	if ((made[id] = malloc(size)) == NULL)
		return (0);
	snprintf(made[id], size, "%s/%s", strcmp(folder, "/") != 0 ? folder : "", strncmp(text, "./", 2) != 0 ? text : text + 2);
	values[id].text = made[id];

	return (1);
}

static int
value_ok(enum conf_id id, const char *text)
{
	const struct conf_var	*v = &table[id];

	switch (v->type) {
	case CONF_NUMBER:
	case CONF_NATURAL:
		return (number_parse(v, text, &values[id].number));
	case CONF_YESNO:
		return (yesno_parse(text, &values[id].number));
	case CONF_CHOICE:
		return (choice_known(v->choices, text, strlen(text)));
	case CONF_CHOICES:
		return (choices_known(v->choices, text));
	case CONF_URL:
		return (url_ok(text));
	case CONF_LINK:
		return (link_ok(text));
	case CONF_DURATION:
		return (duration_parse(text, &values[id].number));
	case CONF_CRON:
		return (cron_parse(&(struct cron){ 0 }, text) == NULL);
	case CONF_ZONE:
		return (zone_parse(&(struct zone){ 0 }, text));
	case CONF_NETWORKS:
		return (cidr_list_parse(&(struct cidr_list){ 0 }, text));
	case CONF_PATH:
		return (path_resolve(id, text));
	case CONF_TEXT:
		break;
	}

	return (1);
}

static void
allowed_print(char *out, size_t len, const struct conf_var *v)
{
	switch (v->type) {
	case CONF_NUMBER:
		snprintf(out, len, "a whole number from %lld to %lld", (long long)v->min, (long long)v->max);
		break;
	case CONF_NATURAL:
		snprintf(out, len, "a whole number from %lld to %lld, or 0 for the default", (long long)v->min, (long long)v->max);
		break;
	case CONF_YESNO:
		snprintf(out, len, "1 or 0");
		break;
	case CONF_CHOICE:
		snprintf(out, len, "one of %s", v->choices);
		break;
	case CONF_CHOICES:
		snprintf(out, len, "a comma-separated list of %s", v->choices);
		break;
	case CONF_URL:
		snprintf(out, len, "http(s)://host[:port]");
		break;
	case CONF_LINK:
		snprintf(out, len, "http(s)://host[:port][/path]");
		break;
	case CONF_DURATION:
		snprintf(out, len, "a whole number and s, m, h or d, as in 90s or 365d");
		break;
	case CONF_CRON:
		snprintf(out, len, "five crontab fields, or six with seconds first, or a word such as @daily, or @every 15m, or off");
		break;
	case CONF_ZONE:
		snprintf(out, len, "a name such as Europe/Berlin, or a POSIX TZ string such as EST5EDT,M3.2.0,M11.1.0");
		break;
	case CONF_NETWORKS:
		snprintf(out, len, "a comma-separated list of networks such as 10.0.0.0/8, or none");
		break;
	case CONF_PATH:
		snprintf(out, len, "a path; a relative one begins in the working directory of the start");
		break;
	case CONF_TEXT:
		snprintf(out, len, "text");
		break;
	}
}

/* Values from the file; the last line of a variable counts. */
static char	*from_file[CONF_COUNT];

static void
from_file_set(const char *name, const char *value)
{
	int	id;

	for (id = 0; id < CONF_COUNT; id++) {
		if (!strcmp(table[id].name, name)) {
			free(from_file[id]);
			from_file[id] = strdup(value);
		}
	}
}

/* Adds the variables of the file to the environment; existing ones, even empty, stay unchanged. Returns 0 with errno set if it cannot be read. */
static int
file_load(void)
{
	int	id, ok, why;

	ok = envfile_read(ENVFILE_NAME, from_file_set);
	why = errno;
	for (id = 0; id < CONF_COUNT; id++) {
		if (from_file[id] == NULL)
			continue;
		(void)setenv(table[id].name, from_file[id], 0);
		explicit_bzero(from_file[id], strlen(from_file[id]));
		free(from_file[id]);
		from_file[id] = NULL;
	}
	errno = why;

	return (ok);
}

/* Returns 1 if a byte of the text is a control character; those of UTF-8 are not looked for. */
static int
has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return (1);
	}

	return (0);
}

static int
is_quoted(const char *text, size_t len)
{
	return (len >= 2 && strchr("\"'`", text[0]) != NULL && text[len - 1] == text[0]);
}

const char *
conf_hidden(enum conf_id id)
{
	const char	*text = getenv(table[id].name), *end = strrchr(table[id].name, '_');
	size_t		len = text != NULL ? strlen(text) : 0;

	if (len == 0)
		return (NULL);
	if (!strncmp(text, "\xef\xbb\xbf", 3))
		return ("begins with a byte order mark (BOM)");
	if (is_quoted(text, len))
		return ("is in quotes, which are part of the value");
	if (end != NULL && !strcmp(end, "_PEM"))
		return (NULL);
	if (strchr(text, '\r') != NULL)
		return ("has a carriage return (CR)");
	if (has_control(text))
		return ("has a line end or another control character");
	if (*text == ' ' || text[len - 1] == ' ')
		return ("begins or ends with a space");

	return (NULL);
}

const char *
conf_name(enum conf_id id)
{
	return (table[id].name);
}

const char *
conf_load(void)
{
	static char	error[512];
	char		allowed[160];
	const char	*text, *hidden;
	int		id;

	if (!file_load()) {
		snprintf(error, sizeof(error), ENVFILE_NAME " in the working directory cannot be read: %s", strerror(errno));
		return (error);
	}
	for (id = 0; id < CONF_COUNT; id++) {
		text = getenv(table[id].name);
		if (text == NULL || *text == '\0' || (table[id].type == CONF_NATURAL && !strcmp(text, "0")))
			text = table[id].fallback;
		values[id].text = text != NULL ? text : "";
		values[id].number = 0;
		if (text == NULL || value_ok(id, text))
			continue;
		allowed_print(allowed, sizeof(allowed), &table[id]);
		hidden = conf_hidden(id);
		snprintf(error, sizeof(error), "%s is %s%.*s%s%s%s; allowed: %s", table[id].name, table[id].secret ? "not valid" : "\"",
		    table[id].secret ? 0 : (int)MIN(strcspn(text, "\r\n"), 64), text, table[id].secret ? "" : "\"",
		    hidden != NULL ? " and " : "", hidden != NULL ? hidden : "", allowed);
		return (error);
	}

	return (NULL);
}

const char *
conf_str(enum conf_id id)
{
	return (values[id].text);
}

void
conf_wipe(enum conf_id id)
{
	char	*text = getenv(table[id].name);

	if (text != NULL)
		explicit_bzero(text, strlen(text));
	values[id].text = "";
}

int
conf_is_blank(enum conf_id id)
{
	const char	*text = getenv(table[id].name);

	return (text != NULL && text[strspn(text, " \t")] == '\0');
}

int64_t
conf_int(enum conf_id id)
{
	return (values[id].number);
}

static const char *
secret_check(enum conf_id id)
{
	static char	error[160];
	const char	*why = NULL;

	if (!strcmp(conf_str(id), table[id].fallback))
		why = "not set or the built-in default, which is public";
	else if (strlen(conf_str(id)) < SECRET_MIN_BYTES)
		why = "too short";
	if (why == NULL)
		return (NULL);
	snprintf(error, sizeof(error), "%s is %s; set a secret of at least %d bytes", table[id].name, why, SECRET_MIN_BYTES);

	return (error);
}

/* Checks a previous secret, which may be short. id: the secret that has replaced it. */
static const char *
previous_check(enum conf_id previous, enum conf_id id)
{
	static char	error[160];

	if (strcmp(conf_str(previous), table[id].fallback))
		return (NULL);
	snprintf(error, sizeof(error), "%s is the built-in default, which is public; leave it out", table[previous].name);

	return (error);
}

/* Returns 1 if a secret for access tokens is also one for refresh tokens: each would be accepted as the other. */
static int
secrets_mixed(void)
{
	static const enum conf_id	access[] = { CONF_JWT_ACCESS_SECRET, CONF_JWT_ACCESS_SECRET_PREVIOUS },
					refresh[] = { CONF_JWT_REFRESH_SECRET, CONF_JWT_REFRESH_SECRET_PREVIOUS };
	size_t				i;

	for (i = 1; i < 4; i++) {
		if (*conf_str(access[i / 2]) != '\0' && !strcmp(conf_str(access[i / 2]), conf_str(refresh[i % 2])))
			return (1);
	}

	return (0);
}

const char *
conf_check_secrets(void)
{
	const char	*error;

	if (!strcmp(conf_str(CONF_WANZAMI_ENV), "development"))
		return (NULL);
	if ((error = secret_check(CONF_JWT_ACCESS_SECRET)) != NULL || (error = secret_check(CONF_JWT_REFRESH_SECRET)) != NULL)
		return (error);
	if (!strcmp(conf_str(CONF_JWT_ACCESS_SECRET), conf_str(CONF_JWT_REFRESH_SECRET)))
		return ("JWT_REFRESH_SECRET is the same as JWT_ACCESS_SECRET; set a different secret of at least 32 bytes");
	if ((error = previous_check(CONF_JWT_ACCESS_SECRET_PREVIOUS, CONF_JWT_ACCESS_SECRET)) != NULL ||
	    (error = previous_check(CONF_JWT_REFRESH_SECRET_PREVIOUS, CONF_JWT_REFRESH_SECRET)) != NULL)
		return (error);
	if (secrets_mixed())
		return ("a secret for access tokens, present or previous, is the same as one for refresh tokens; set different secrets");

	return (NULL);
}

void
conf_print_help(FILE *fp)
{
	char	allowed[160];
	int	id;

	for (id = 0; id < CONF_COUNT; id++) {
		allowed_print(allowed, sizeof(allowed), &table[id]);
		fprintf(fp, "  %-20s %s\n  %-20s %s; default %s\n", table[id].name, table[id].help, "",
		    allowed, table[id].fallback != NULL ? table[id].fallback : "unset");
	}
}

void
conf_print_markdown(FILE *fp)
{
	char	allowed[160];
	int	id;

	fprintf(fp, "# Configuration\n\n"
	    "With environment variables. They are checked at start: an invalid value stops the process with one line that names the\n"
	    "variable. A variable that is not in the environment is read from the file `.env` in the working directory, if it exists:\n"
	    "lines of `NAME=value`. `wanzami docs configure` generates this page from `src/base/conf_vars.h`.\n\n"
	    "| variable | allowed | default | meaning |\n|---|---|---|---|\n");
	for (id = 0; id < CONF_COUNT; id++) {
		allowed_print(allowed, sizeof(allowed), &table[id]);
		fprintf(fp, "| `%s` | ", table[id].name);
		for (const char *p = allowed; *p != '\0'; p++)
			fprintf(fp, *p == '|' ? "\\|" : "%c", *p);
		fprintf(fp, " | %s%s%s | %s%s |\n", table[id].fallback != NULL ? "`" : "",
		    table[id].fallback != NULL ? table[id].fallback : "unset",
		    table[id].fallback != NULL ? "`" : "", table[id].help,
		    table[id].secret ? " Secret; never logged." : "");
	}
}
