/*
 * A BearSSL backend for libpq: the functions that fe-secure.c calls if built
 * with USE_SSL, on top of tls/tls_client.h. Connection parameters work as
 * libpq's manual describes.
 *
 * PGconn has no field for the state of this backend, so a hash table maps each
 * PGconn to its session.
 */
#include "postgres_fe.h"

#include <sys/queue.h>
#include <sys/stat.h>

#include <pthread.h>

#include "libpq-fe.h"
#include "fe-secure-common.h"
#include "libpq-int.h"
#include "libpq/pqcomm.h"

#include "tls/tls_client.h"
#include "tls/pem.h"

#define BUCKETS		64
#define ROOT_FILE	".postgresql/root.crt"
#define CERT_FILE	".postgresql/postgresql.crt"
#define KEY_FILE	".postgresql/postgresql.key"

struct session {
	PGconn			*conn;
	struct tls_client	*tls;
	struct roots		*roots;		/* from sslrootcert or its default file; owned; NULL otherwise */
	struct identity		*identity;
	int			reported;	/* libpq has already reported the error of the socket */
	LIST_ENTRY(session)	list;
};

LIST_HEAD(session_list, session);

static struct session_list	sessions[BUCKETS];
static pthread_mutex_t		sessions_lock = PTHREAD_MUTEX_INITIALIZER;

static struct session_list *
bucket(const PGconn *conn)
{
	return (&sessions[((uintptr_t)conn >> 6) % BUCKETS]);
}

/* Returns the session of a connection, NULL without TLS. Only the connection's thread uses it. */
static struct session *
session_find(const PGconn *conn)
{
	struct session	*s;

	pthread_mutex_lock(&sessions_lock);
	LIST_FOREACH(s, bucket(conn), list) {
		if (s->conn == conn)
			break;
	}
	pthread_mutex_unlock(&sessions_lock);

	return (s);
}

static struct session *
session_new(PGconn *conn)
{
	struct session	*s = calloc(1, sizeof(*s));

	if (s == NULL) {
		libpq_append_conn_error(conn, "out of memory");
		return (NULL);
	}
	s->conn = conn;
	pthread_mutex_lock(&sessions_lock);
	LIST_INSERT_HEAD(bucket(conn), s, list);
	pthread_mutex_unlock(&sessions_lock);

	return (s);
}

static void
session_free(struct session *s)
{
	pthread_mutex_lock(&sessions_lock);
	LIST_REMOVE(s, list);
	pthread_mutex_unlock(&sessions_lock);
	tls_client_free(s->tls);
	roots_free(s->roots);
	identity_free(s->identity);
	free(s);
}

static ssize_t
raw_recv(void *arg, void *buf, size_t len)
{
	struct session	*s = arg;
	ssize_t		n = pqsecure_raw_read(s->conn, buf, len);
	int		error = errno;

	s->conn->last_read_was_eof = n == 0;
	if (n > 0)
		s->conn->ssl_handshake_started = true;
	s->reported = n < 0 && error != EAGAIN && error != EWOULDBLOCK && error != EINTR;
	errno = error;

	return (n);
}

static ssize_t
raw_send(void *arg, const void *buf, size_t len)
{
	return (pqsecure_raw_write(((struct session *)arg)->conn, buf, len));
}

static int
is_set(const char *parameter)
{
	return (parameter != NULL && *parameter != '\0');
}

/* Sets path to the file of a parameter, or to libpq's default in the home directory. Returns 0 without a home directory. */
static int
path_choose(const char *parameter, const char *at_home, char path[MAXPGPATH])
{
	char	home[MAXPGPATH];

	if (is_set(parameter)) {
		strlcpy(path, parameter, MAXPGPATH);
		return (1);
	}
	*path = '\0';
	if (!pqGetHomeDirectory(home, sizeof(home)))
		return (0);
	snprintf(path, MAXPGPATH, "%s/%s", home, at_home);

	return (1);
}

/* Rejects unsupported parameters; ignoring one could weaken security. */
static int
parameters_check(PGconn *conn)
{
	if (is_set(conn->ssl_min_protocol_version) && !pg_strcasecmp(conn->ssl_min_protocol_version, "TLSv1.3")) {
		libpq_append_conn_error(conn, "ssl_min_protocol_version TLSv1.3 is not supported; only TLSv1.2 is");
		return (0);
	}
	if (is_set(conn->ssl_max_protocol_version) && pg_strcasecmp(conn->ssl_max_protocol_version, "TLSv1.2") &&
	    pg_strcasecmp(conn->ssl_max_protocol_version, "TLSv1.3")) {
		libpq_append_conn_error(conn, "ssl_max_protocol_version %s is not supported; only TLSv1.2 is",
		    conn->ssl_max_protocol_version);
		return (0);
	}
	if (is_set(conn->sslcrl) || is_set(conn->sslcrldir)) {
		libpq_append_conn_error(conn, "sslcrl and sslcrldir are not supported: certificate revocation is not checked");
		return (0);
	}
	if (is_set(conn->sslkeylogfile)) {
		libpq_append_conn_error(conn, "sslkeylogfile is not supported");
		return (0);
	}

	return (1);
}

/* Chooses the trust anchors for the server's certificate. *roots is NULL if it is not verified. */
static int
roots_choose(struct session *s, const struct roots **roots)
{
	PGconn		*conn = s->conn;
	char		path[MAXPGPATH], *pem;
	const char	*why;

	*roots = NULL;
	if (is_set(conn->sslrootcert) && !strcmp(conn->sslrootcert, "system")) {
		*roots = roots_all();
		return (1);
	}
	if (!is_set(conn->sslrootcert) && (*roots = roots_database()) != NULL)
		return (1);
	(void)path_choose(conn->sslrootcert, ROOT_FILE, path);
	if (*path == '\0' || (pem = pem_file(path)) == NULL) {
		if (*path != '\0' && errno != ENOENT && errno != ENOTDIR) {
			libpq_append_conn_error(conn, "could not read root certificate file \"%s\": %s", path, strerror(errno));
			return (0);
		}
		if (conn->sslmode[0] != 'v')
			return (1);
		libpq_append_conn_error(conn, "root certificate file \"%s\" does not exist; create it, set DATABASE_CA_PEM, "
		    "or use sslrootcert=system for the built-in CAs", path);
		return (0);
	}
	s->roots = roots_parse(pem, &why);
	free(pem);
	if (s->roots == NULL)
		libpq_append_conn_error(conn, "could not read root certificate file \"%s\": it %s", path, why);
	*roots = s->roots;

	return (s->roots != NULL);
}

/* Checks that only the owner can read the key file; root's file may be readable for its group. Same rules as libpq's OpenSSL backend. */
static int
key_file_check(PGconn *conn, const char *path)
{
	struct stat	st;

	if (stat(path, &st) != 0) {
		if (errno == ENOENT)
			libpq_append_conn_error(conn, "certificate present, but not private key file \"%s\"", path);
		else
			libpq_append_conn_error(conn, "could not stat private key file \"%s\": %s", path, strerror(errno));
		return (0);
	}
	if (!S_ISREG(st.st_mode)) {
		libpq_append_conn_error(conn, "private key file \"%s\" is not a regular file", path);
		return (0);
	}
	if (st.st_mode & (st.st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO)) {
		libpq_append_conn_error(conn, "private key file \"%s\" has group or world access; "
		    "file must have permissions u=rw (0600) or less if owned by the current user, or permissions u=rw,g=r (0640) or less if owned by root",
		    path);
		return (0);
	}

	return (1);
}

static int
identity_read(struct session *s, const char *cert_path, const char *cert)
{
	PGconn		*conn = s->conn;
	char		path[MAXPGPATH], *key;
	const char	*why;

	if (!path_choose(conn->sslkey, KEY_FILE, path) || !key_file_check(conn, path))
		return (0);
	if ((key = pem_file(path)) == NULL) {
		libpq_append_conn_error(conn, "could not read private key file \"%s\": %s", path, strerror(errno));
		return (0);
	}
	s->identity = identity_parse(cert, key, &why);
	pem_text_free(key);
	if (s->identity == NULL)
		libpq_append_conn_error(conn, "could not use certificate file \"%s\" with private key file \"%s\": %s", cert_path, path, why);

	return (s->identity != NULL);
}

/* Loads the client certificate, if there is one. */
static int
identity_choose(struct session *s)
{
	PGconn	*conn = s->conn;
	char	path[MAXPGPATH], *cert;
	int	ok;

	if (conn->sslcertmode[0] == 'd' || !path_choose(conn->sslcert, CERT_FILE, path))
		return (1);
	if ((cert = pem_file(path)) == NULL) {
		if (errno == ENOENT || errno == ENOTDIR)
			return (1);
		libpq_append_conn_error(conn, "could not open certificate file \"%s\": %s", path, strerror(errno));
		return (0);
	}
	ok = identity_read(s, path, cert);
	free(cert);

	return (ok);
}

static int
session_setup(struct session *s)
{
	PGconn			*conn = s->conn;
	struct tls_settings	settings = { .transport = { .recv = raw_recv, .send = raw_send, .arg = s }, .alpn = PG_ALPN_PROTOCOL };
	char			why[256];

	if (!parameters_check(conn) || !roots_choose(s, &settings.roots) || !identity_choose(s))
		return (0);
	/* libpq checks the name after the handshake, by its own rules. */
	settings.verify = settings.roots != NULL ? VERIFY_CHAIN : VERIFY_NOTHING;
	settings.identity = s->identity;
	settings.host = conn->connhost[conn->whichhost].host;
	settings.no_sni = conn->sslsni == NULL || conn->sslsni[0] != '1';
	if ((s->tls = tls_client_new(&settings, why, sizeof(why))) == NULL) {
		libpq_append_conn_error(conn, "could not establish SSL connection: %s", why);
		return (0);
	}

	return (1);
}

/* Appends the error to libpq's message, unless libpq has reported it, and sets the errno that libpq expects. */
static ssize_t
failed(struct session *s, enum tls_step step)
{
	int	number = tls_client_errno(s->tls);

	if (step == TLS_CLOSED)
		libpq_append_conn_error(s->conn, "SSL connection has been closed unexpectedly");
	else if (!s->reported)
		libpq_append_conn_error(s->conn, "SSL error: %s", tls_client_error(s->tls));
	errno = number != 0 ? number : ECONNRESET;

	return (-1);
}

/* A direct TLS connection skips PostgreSQL's SSLRequest, so it requires ALPN (sslnegotiation in libpq's manual). */
static int
alpn_check(struct session *s)
{
	PGconn		*conn = s->conn;
	const char	*agreed = tls_client_alpn(s->tls);

	if (conn->current_enc_method == ENC_SSL && conn->sslnegotiation[0] == 'd' && agreed == NULL) {
		libpq_append_conn_error(conn, "direct SSL connection was established without ALPN protocol negotiation extension");
		return (0);
	}

	return (1);
}

PostgresPollingStatusType
pgtls_open_client(PGconn *conn)
{
	struct session	*s = session_find(conn);
	enum tls_step	step;

	if (s == NULL) {
		if ((s = session_new(conn)) == NULL)
			return (PGRES_POLLING_FAILED);
		conn->ssl_in_use = true;
		if (!session_setup(s)) {
			pgtls_close(conn);
			return (PGRES_POLLING_FAILED);
		}
	}
	step = tls_client_handshake(s->tls);
	if (step == TLS_WANT_READ)
		return (PGRES_POLLING_READING);
	if (step == TLS_WANT_WRITE)
		return (PGRES_POLLING_WRITING);
	if (step != TLS_DONE)
		(void)failed(s, step);
	conn->ssl_cert_requested = tls_client_cert_requested(s->tls);
	conn->ssl_cert_sent = tls_client_cert_sent(s->tls);
	if (step != TLS_DONE || !alpn_check(s) || !pq_verify_peer_name_matches_certificate(conn)) {
		pgtls_close(conn);
		return (PGRES_POLLING_FAILED);
	}

	return (PGRES_POLLING_OK);
}

void
pgtls_close(PGconn *conn)
{
	struct session	*s;

	if (!conn->ssl_in_use)
		return;
	if ((s = session_find(conn)) != NULL) {
		if (s->tls != NULL)
			tls_client_close(s->tls);
		session_free(s);
	}
	conn->ssl_in_use = false;
	conn->ssl_handshake_started = false;
}

/* Returns -1 at the end of the connection: libpq takes 0 as "no data yet". */
ssize_t
pgtls_read(PGconn *conn, void *ptr, size_t len)
{
	struct session	*s = session_find(conn);
	enum tls_step	step;
	size_t		got;

	step = tls_client_read(s->tls, ptr, len, &got);
	if (step == TLS_CLOSED || step == TLS_FAILED)
		return (failed(s, step));
	errno = 0;

	return ((ssize_t)got);
}

ssize_t
pgtls_bytes_pending(PGconn *conn)
{
	return ((ssize_t)tls_client_pending(session_find(conn)->tls));
}

/* libpq offers unsent bytes again, from the same byte on. */
ssize_t
pgtls_write(PGconn *conn, const void *ptr, size_t len)
{
	struct session	*s = session_find(conn);
	enum tls_step	step;
	size_t		taken;

	step = tls_client_write(s->tls, ptr, len, &taken);
	if (step == TLS_CLOSED || step == TLS_FAILED)
		return (failed(s, step));
	errno = 0;

	return ((ssize_t)taken);
}

char *
pgtls_get_peer_certificate_hash(PGconn *conn, size_t *len)
{
	struct session	*s = session_find(conn);
	uint8_t		hash[VERIFY_HASH_MAX];
	char		*copy;

	*len = 0;
	if (s == NULL)
		return (NULL);
	if ((*len = tls_client_peer_hash(s->tls, hash)) == 0) {
		libpq_append_conn_error(conn, "could not determine server certificate signature algorithm");
		return (NULL);
	}
	if ((copy = malloc(*len)) == NULL)
		libpq_append_conn_error(conn, "out of memory");
	else
		memcpy(copy, hash, *len);

	return (copy);
}

/* Compares one name of the certificate with the host. Keeps the first name for libpq's message. */
static int
name_check(PGconn *conn, enum cert_name_kind kind, struct der name, int *examined, char **first_name)
{
	char	*text = NULL;
	int	rc;

	(*examined)++;
	if (kind == CERT_NAME_DNS)
		rc = pq_verify_peer_name_matches_certificate_name(conn, (const char *)name.p, name.len, &text);
	else
		rc = pq_verify_peer_name_matches_certificate_ip(conn, name.p, name.len, &text);
	if (*first_name == NULL)
		*first_name = text;
	else
		free(text);

	return (rc);
}

/* Like libpq's OpenSSL backend, checks the common name if no alternative name has the host's kind. */
int
pgtls_verify_peer_name_matches_certificate_guts(PGconn *conn, int *names_examined, char **first_name)
{
	const struct cert	*peer = tls_client_peer(session_find(conn)->tls);
	struct der		rest = peer->names, name;
	struct cert_host	host;
	enum cert_name_kind	kind;
	int			rc, use_common = 1;

	if (!cert_host_parse(&host, conn->connhost[conn->whichhost].host))
		return (0);
	while (cert_name_next(&rest, &kind, &name)) {
		if ((kind == CERT_NAME_IP) == (host.address_len > 0))
			use_common = 0;
		if ((rc = name_check(conn, kind, name, names_examined, first_name)) != 0)
			return (rc);
	}
	if (use_common && cert_common_name(peer, &name))
		return (name_check(conn, CERT_NAME_DNS, name, names_examined, first_name));

	return (0);
}

void *
PQgetssl(PGconn *conn)
{
	(void)conn;	/* would return an OpenSSL object */

	return (NULL);
}

void *
PQsslStruct(PGconn *conn, const char *struct_name)
{
	struct session	*s;

	if (conn == NULL || strcmp(struct_name, "BearSSL") || (s = session_find(conn)) == NULL)
		return (NULL);

	return (s->tls);
}

const char *const *
PQsslAttributeNames(PGconn *conn)
{
	static const char *const	names[] = { "library", "key_bits", "cipher", "compression", "protocol", "alpn", NULL };
	static const char *const	none[] = { NULL };

	return (conn == NULL || session_find(conn) != NULL ? names : none);
}

const char *
PQsslAttribute(PGconn *conn, const char *attribute)
{
	const struct session	*s;
	const char		*cipher, *alpn;
	int			bits;

	if (conn == NULL)
		return (!strcmp(attribute, "library") ? "BearSSL" : NULL);
	if ((s = session_find(conn)) == NULL)
		return (NULL);
	cipher = tls_client_cipher(s->tls, &bits);
	alpn = tls_client_alpn(s->tls);
	if (!strcmp(attribute, "library"))
		return ("BearSSL");
	if (!strcmp(attribute, "key_bits"))
		return (bits == 128 ? "128" : "256");
	if (!strcmp(attribute, "cipher"))
		return (cipher);
	if (!strcmp(attribute, "compression"))
		return ("off");
	if (!strcmp(attribute, "protocol"))
		return ("TLSv1.2");
	if (!strcmp(attribute, "alpn"))
		return (alpn != NULL ? alpn : "");

	return (NULL);
}
