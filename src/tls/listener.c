/*
 * The certificate and key of our listener: read at start from the environment
 * or from files, and again whenever the files change.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/conf.h"
#include "base/log.h"
#include "tls/listener.h"
#include "tls/sessions.h"

#define FILE_MAX_BYTES	262144
#define CHECK_MS	2000
#define FIRST_WORKER	1

/* One half of an identity, given as text or as the name of a file. */
struct source {
	enum conf_id	pem, file;
	const char	*pem_name, *file_name;
};

static const struct source	cert_source = { CONF_TLS_CERT_PEM, CONF_TLS_CERT_FILE, "TLS_CERT_PEM", "TLS_CERT_FILE" };
static const struct source	key_source = { CONF_TLS_KEY_PEM, CONF_TLS_KEY_FILE, "TLS_KEY_PEM", "TLS_KEY_FILE" };

/* By what a file is told from an older one of its name. */
struct mark {
	struct timespec	changed;
	ino_t		inode;
	off_t		size;
};

static struct identity	*current = NULL;
static struct mark	cert_mark, key_mark;	/* of the files when they were last read, with or without success */

static const char *
source_name(const struct source *s)
{
	return (*conf_str(s->file) != '\0' ? s->file_name : s->pem_name);
}

static int
source_given(const struct source *s)
{
	return (*conf_str(s->pem) != '\0' || *conf_str(s->file) != '\0');
}

static void
mark_read(const struct source *s, struct mark *m)
{
	struct stat	st;

	memset(m, 0, sizeof(*m));
	if (*conf_str(s->file) == '\0' || stat(conf_str(s->file), &st) == -1)
		return;
	m->changed = st.st_mtim;
	m->inode = st.st_ino;
	m->size = st.st_size;
}

static void
text_free(char *text, size_t len)
{
	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
}

/* The text of a source, for text_free(); NULL and why. */
static char *
source_read(const struct source *s, size_t *len, char *error, size_t size)
{
	char	*text;
	FILE	*fp;

	if (*conf_str(s->file) == '\0') {
		*len = strlen(conf_str(s->pem));
		return (strdup(conf_str(s->pem)));
	}
	if ((text = malloc(FILE_MAX_BYTES)) == NULL || (fp = fopen(conf_str(s->file), "re")) == NULL) {
		snprintf(error, size, "%s cannot be read: %s", s->file_name, strerror(errno));
		free(text);
		return (NULL);
	}
	(void)setvbuf(fp, NULL, _IONBF, 0);	/* no copy of a key stays in a buffer of stdio */
	*len = fread(text, 1, FILE_MAX_BYTES, fp);
	if (ferror(fp) || *len == FILE_MAX_BYTES) {
		snprintf(error, size, "%s cannot be read: %s", s->file_name, ferror(fp) ? strerror(errno) : "it is too long");
		text_free(text, *len);
		text = NULL;
	}
	(void)fclose(fp);

	return (text);
}

/* Certificate and key as they are now; NULL and one line that says why. */
static struct identity *
identity_load(char *error, size_t size)
{
	struct identity_error	e;
	struct identity		*id = NULL;
	char			*cert, *key = NULL;
	size_t			cert_len = 0, key_len = 0;

	mark_read(&cert_source, &cert_mark);
	mark_read(&key_source, &key_mark);
	if ((cert = source_read(&cert_source, &cert_len, error, size)) != NULL &&
	    (key = source_read(&key_source, &key_len, error, size)) != NULL &&
	    (id = identity_read(cert, cert_len, key, key_len, &e)) == NULL)
		snprintf(error, size, "%s %s", source_name(e.in_key ? &key_source : &cert_source), e.what);
	text_free(cert, cert_len);
	text_free(key, key_len);

	return (id);
}

/* Served all the same: clients say it better, and a clock may be wrong. */
static void
validity_warn(const struct identity *id)
{
	time_t	now = time(NULL);

	if (now < id->from)
		log_event(LOG_LEVEL_WARN, "our certificate is not valid yet, or the clock is wrong");
	else if (now > id->until)
		log_event(LOG_LEVEL_WARN, "our certificate has expired, or the clock is wrong");
}

static const char *
source_check(const struct source *s, const struct source *other)
{
	static char	error[160];

	if (*conf_str(s->pem) != '\0' && *conf_str(s->file) != '\0')
		snprintf(error, sizeof(error), "%s and %s are both set; allowed is one of them", s->pem_name, s->file_name);
	else if (!source_given(s) && source_given(other))
		snprintf(error, sizeof(error), "%s is set, but neither %s nor %s", source_name(other), s->pem_name, s->file_name);
	else
		return (NULL);

	return (error);
}

const char *
listener_configure(void)
{
	static char	error[512];
	const char	*wrong;

	if ((wrong = source_check(&cert_source, &key_source)) != NULL || (wrong = source_check(&key_source, &cert_source)) != NULL)
		return (wrong);
	if (!source_given(&cert_source))
		return (NULL);
	if (conf_int(CONF_TLS_PORT) == conf_int(CONF_PORT))
		return ("TLS_PORT is the same as PORT; allowed is another one");
	if ((current = identity_load(error, sizeof(error))) == NULL)
		return (error);
	conf_wipe(CONF_TLS_KEY_PEM);
	sessions_init();

	return (NULL);
}

int
listener_wanted(void)
{
	return (current != NULL);
}

static int
mark_same(const struct source *s, const struct mark *known)
{
	struct mark	now;

	mark_read(s, &now);

	return (!memcmp(&now, known, sizeof(now)));
}

/*
 * A certificate that does not fit its key may be half of a renewal; the files
 * are read again when the other half has come.
 */
void
listener_check(void)
{
	struct identity	*id;
	char		error[512];

	if (current == NULL || *conf_str(CONF_TLS_CERT_FILE) == '\0' || *conf_str(CONF_TLS_KEY_FILE) == '\0' ||
	    (mark_same(&cert_source, &cert_mark) && mark_same(&key_source, &key_mark)))
		return;
	if ((id = identity_load(error, sizeof(error))) == NULL) {
		log_event(LOG_LEVEL_ERROR, "the new certificate is not used; the old one stays", LOG_S("error", error));
		return;
	}
	log_event(LOG_LEVEL_INFO, "a new certificate is used", LOG_I("until", id->until));
	validity_warn(id);
	identity_release(current);
	current = id;
}

static void
check_tick(void *arg, u_int64_t now)
{
	(void)arg;
	(void)now;
	listener_check();
}

void
listener_start(struct kore_server *server)
{
	if (current == NULL)
		return;
	server->tls = 1;
	if (worker->id == FIRST_WORKER)
		validity_warn(current);
	listener_check();
	kore_timer_add(check_tick, CHECK_MS, NULL, 0);
}

void
listener_forget(void)
{
	identity_release(current);
	current = NULL;
}

struct identity *
listener_identity(void)
{
	return (identity_take(current));
}
