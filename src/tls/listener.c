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
#include "tls/cert.h"
#include "tls/listener.h"
#include "tls/pem.h"
#include "tls/roots.h"
#include "tls/session_cache.h"

#define RSA_BITS_MIN	2048
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

static struct shown	*current = NULL;
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

/* The text of a source, for pem_text_free(); NULL and why. */
static char *
source_read(const struct source *s, char *error, size_t size)
{
	char	*text;

	text = *conf_str(s->file) != '\0' ? pem_file(conf_str(s->file)) : strdup(conf_str(s->pem));
	if (text == NULL)
		snprintf(error, size, "%s cannot be read: %s", source_name(s), strerror(errno));

	return (text);
}

/* What browsers and we ourselves go along with, beyond what identity_parse() demands; or why not. */
static const char *
identity_check(const struct identity *id, struct cert *own)
{
	if (!cert_parse(own, id->chain[0].data, id->chain[0].data_len))
		return ("the certificate is damaged");
	if (id->key_type == BR_KEYTYPE_RSA && id->rsa->n_bitlen < RSA_BITS_MIN)
		return ("the private key is an RSA key of less than 2048 bits");
	if (id->key_type == BR_KEYTYPE_EC && id->ec->curve != BR_EC_secp256r1 && id->ec->curve != BR_EC_secp384r1)
		return ("the private key is on another curve than P-256 and P-384");

	return (NULL);
}

static struct shown *
shown_new(const char *cert, const char *key, const char **why)
{
	struct shown	*s = calloc(1, sizeof(*s));
	struct cert	own;

	if (s == NULL) {
		*why = "out of memory";
		return (NULL);
	}
	s->users = 1;
	if ((s->identity = identity_parse(cert, key, why)) == NULL || (*why = identity_check(s->identity, &own)) != NULL) {
		listener_shown(s);
		return (NULL);
	}
	s->from = own.not_before;
	s->until = own.not_after;

	return (s);
}

/* Certificate and key as they are now; NULL and one line that says why. */
static struct shown *
shown_load(char *error, size_t size)
{
	struct shown	*s = NULL;
	const char	*why;
	char		*cert, *key = NULL;

	mark_read(&cert_source, &cert_mark);
	mark_read(&key_source, &key_mark);
	if ((cert = source_read(&cert_source, error, size)) != NULL && (key = source_read(&key_source, error, size)) != NULL &&
	    (s = shown_new(cert, key, &why)) == NULL)
		snprintf(error, size, "%s with %s: %s", source_name(&cert_source), source_name(&key_source), why);
	pem_text_free(cert);
	pem_text_free(key);

	return (s);
}

/* Served all the same: clients say it better, and a clock may be wrong. */
static void
validity_warn(const struct shown *s)
{
	time_t	now = time(NULL);

	if (now < s->from)
		log_event(LOG_LEVEL_WARN, "our certificate is not valid yet, or the clock is wrong");
	else if (now > s->until)
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
	if ((current = shown_load(error, sizeof(error))) == NULL)
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
	struct shown	*new;
	char		error[512];

	if (current == NULL || *conf_str(CONF_TLS_CERT_FILE) == '\0' || *conf_str(CONF_TLS_KEY_FILE) == '\0' ||
	    (mark_same(&cert_source, &cert_mark) && mark_same(&key_source, &key_mark)))
		return;
	if ((new = shown_load(error, sizeof(error))) == NULL) {
		log_event(LOG_LEVEL_ERROR, "the new certificate is not used; the old one stays", LOG_S("error", error));
		return;
	}
	log_event(LOG_LEVEL_INFO, "a new certificate is used", LOG_I("until", new->until));
	validity_warn(new);
	listener_shown(current);
	current = new;
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
	listener_shown(current);
	current = NULL;
}

struct shown *
listener_show(void)
{
	current->users++;

	return (current);
}

void
listener_shown(struct shown *s)
{
	if (s == NULL || --s->users > 0)
		return;
	identity_free(s->identity);
	free(s);
}
