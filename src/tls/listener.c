/*
 * Loads the certificate and key of the HTTPS listener: at start from the
 * environment or from files, and again when the files change.
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

/* The certificate or the key, configured as PEM text or as a file name. */
struct source {
	enum conf_id	pem, file;
	const char	*pem_name, *file_name;
};

static const struct source	cert_source = { CONF_TLS_CERT_PEM, CONF_TLS_CERT_FILE, "TLS_CERT_PEM", "TLS_CERT_FILE" };
static const struct source	key_source = { CONF_TLS_KEY_PEM, CONF_TLS_KEY_FILE, "TLS_KEY_PEM", "TLS_KEY_FILE" };

/* Identifies a version of a file. */
struct file_id {
	struct timespec	changed;
	ino_t		inode;
	off_t		size;
};

static struct listener_cert	*current = NULL;
static struct file_id		cert_file, key_file;	/* at the last attempt to load them, successful or not */

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
file_id_read(const struct source *s, struct file_id *m)
{
	struct stat	st;

	memset(m, 0, sizeof(*m));
	if (*conf_str(s->file) == '\0' || stat(conf_str(s->file), &st) == -1)
		return;
	m->changed = st.st_mtim;
	m->inode = st.st_ino;
	m->size = st.st_size;
}

/* Returns the text of a source, or NULL and an error. Free with pem_text_free(). */
static char *
source_read(const struct source *s, char *error, size_t size)
{
	char	*text;

	text = *conf_str(s->file) != '\0' ? pem_file(conf_str(s->file)) : strdup(conf_str(s->pem));
	if (text == NULL)
		snprintf(error, size, "%s cannot be read: %s", source_name(s), strerror(errno));

	return (text);
}

/* Checks what browsers accept, beyond identity_parse(). Returns NULL or the error. */
static const char *
identity_check(const struct identity *id, struct cert *own)
{
	if (!cert_parse(own, id->chain[0].data, id->chain[0].data_len))
		return ("malformed certificate");
	if (id->key.type == BR_KEYTYPE_RSA && id->key.rsa->n_bitlen < RSA_BITS_MIN)
		return ("the RSA private key is shorter than 2048 bits");
	if (id->key.type == BR_KEYTYPE_EC && id->key.ec->curve != BR_EC_secp256r1 && id->key.ec->curve != BR_EC_secp384r1)
		return ("unsupported EC curve of the private key; use P-256 or P-384");

	return (NULL);
}

static struct listener_cert *
listener_cert_new(const char *cert, const char *key, const char **why)
{
	struct listener_cert	*s = calloc(1, sizeof(*s));
	struct cert		own;

	if (s == NULL) {
		*why = "out of memory";
		return (NULL);
	}
	s->references = 1;
	if ((s->identity = identity_parse(cert, key, why)) == NULL || (*why = identity_check(s->identity, &own)) != NULL) {
		listener_cert_release(s);
		return (NULL);
	}
	s->not_before = own.not_before;
	s->not_after = own.not_after;

	return (s);
}

/* Loads certificate and key. Returns NULL and an error of one line if that fails. */
static struct listener_cert *
listener_cert_load(char *error, size_t size)
{
	struct listener_cert	*s = NULL;
	const char		*why;
	char			*cert, *key = NULL;

	file_id_read(&cert_source, &cert_file);
	file_id_read(&key_source, &key_file);
	if ((cert = source_read(&cert_source, error, size)) != NULL && (key = source_read(&key_source, error, size)) != NULL &&
	    (s = listener_cert_new(cert, key, &why)) == NULL)
		snprintf(error, size, "%s with %s: %s", source_name(&cert_source), source_name(&key_source), why);
	pem_text_free(cert);
	pem_text_free(key);

	return (s);
}

/* Warns only: the system clock may be wrong, and clients check the certificate themselves. */
static void
validity_warn(const struct listener_cert *s)
{
	time_t	now = time(NULL);

	if (now < s->not_before)
		log_event(LOG_LEVEL_WARN, "the TLS certificate of the API is not yet valid, or the system clock is wrong");
	else if (now > s->not_after)
		log_event(LOG_LEVEL_WARN, "the TLS certificate of the API has expired, or the system clock is wrong");
}

static const char *
source_check(const struct source *s, const struct source *other)
{
	static char	error[160];

	if (*conf_str(s->pem) != '\0' && *conf_str(s->file) != '\0')
		snprintf(error, sizeof(error), "%s and %s are both set; set only one of them", s->pem_name, s->file_name);
	else if (!source_given(s) && source_given(other))
		snprintf(error, sizeof(error), "%s is set, but neither %s nor %s is", source_name(other), s->pem_name, s->file_name);
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
		return ("TLS_PORT is the same as PORT; set a different port");
	if ((current = listener_cert_load(error, sizeof(error))) == NULL)
		return (error);
	conf_wipe(CONF_TLS_KEY_PEM);
	sessions_init();

	return (NULL);
}

int
listener_enabled(void)
{
	return (current != NULL);
}

static int
file_unchanged(const struct source *s, const struct file_id *known)
{
	struct file_id	now;

	file_id_read(s, &now);

	return (!memcmp(&now, known, sizeof(now)));
}

/*
 * A certificate that does not match its key may be half of a renewal. The files
 * are loaded again when one of them changes.
 */
void
listener_check(void)
{
	struct listener_cert	*new;
	char			error[512];

	if (current == NULL || *conf_str(CONF_TLS_CERT_FILE) == '\0' || *conf_str(CONF_TLS_KEY_FILE) == '\0' ||
	    (file_unchanged(&cert_source, &cert_file) && file_unchanged(&key_source, &key_file)))
		return;
	if ((new = listener_cert_load(error, sizeof(error))) == NULL) {
		log_event(LOG_LEVEL_ERROR, "cannot load the new TLS certificate; the old one stays in use", LOG_S("error", error));
		return;
	}
	log_event(LOG_LEVEL_INFO, "new TLS certificate loaded", LOG_I("until", new->not_after));
	validity_warn(new);
	listener_cert_release(current);
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
listener_wipe(void)
{
	listener_cert_release(current);
	current = NULL;
}

struct listener_cert *
listener_cert_get(void)
{
	current->references++;

	return (current);
}

void
listener_cert_release(struct listener_cert *s)
{
	if (s == NULL || --s->references > 0)
		return;
	identity_free(s->identity);
	free(s);
}
