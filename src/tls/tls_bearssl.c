/*
 * Kore's TLS backend on BearSSL (TLS_BACKEND=bearssl): TLS 1.2 with forward
 * secrecy and authenticated encryption only. Functions of Kore's interface that
 * only make sense with OpenSSL or Kore's key manager do nothing or fail.
 *
 * Kore's events are edge-triggered: the read or write flag is cleared only
 * after the socket has returned EAGAIN.
 */
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "tls/engine.h"
#include "tls/listener.h"
#include "tls/session_cache.h"

#define SPARES_MAX	16

/* TLS state of a connection, about 37 KB; lives from the first byte of the handshake to the end of the connection. */
struct tls {
	br_ssl_server_context	sc;
	struct tls		*next;		/* in the list of spares */
	struct listener_cert	*cert;		/* until the handshake has ended */
	size_t			taken;		/* bytes of the first send buffer in a record that is not sent completely */
	unsigned char		buffer[BR_SSL_BUFSIZE_BIDI];
};

enum progress { PROGRESS, BLOCKED, ENDED };

/* Variables that Kore reads. The key manager never starts. */
struct kore_privsep	keymgr_privsep;
int			kore_keymgr_active = 0;
char			*kore_rand_file = NULL;

static const char	*protocols[] = { "http/1.1" };

/* Functions that only OpenSSL or Kore's key manager needs. */

int
kore_tls_supported(void)
{
	return (KORE_RESULT_ERROR);	/* see listener_start() */
}

void
kore_tls_init(void)
{
}

void
kore_tls_cleanup(void)
{
}

void
kore_tls_dh_check(void)
{
}

void
kore_tls_keymgr_init(void)
{
}

void
kore_tls_domain_cleanup(struct kore_domain *dom)
{
	(void)dom;
}

void
kore_tls_seed(const void *data, size_t len)
{
	(void)data;
	(void)len;
}

void
kore_keymgr_cleanup(int final)
{
	(void)final;
}

void
kore_keymgr_run(void)
{
	fatal("%s: the key manager is not supported with BearSSL", __func__);
}

void
kore_tls_version_set(int version)
{
	fatal("%s: version %d is not supported; TLS 1.2 is always used", __func__, version);
}

int
kore_tls_dh_load(const char *path)
{
	fatal("%s: %s is not supported; DH parameters are not used", __func__, path);
}

int
kore_tls_ciphersuite_set(const char *list)
{
	fatal("%s: %s is not supported; the cipher suites are fixed", __func__, list);
}

void
kore_tls_domain_setup(struct kore_domain *dom, int type, const void *data, size_t len)
{
	(void)type, (void)data, (void)len;
	fatal("%s: %s: kore.conf cannot set certificates; use the TLS_* variables", __func__, dom->domain);
}

void
kore_tls_domain_crl(struct kore_domain *dom, const void *pem, size_t len)
{
	(void)pem, (void)len;
	fatal("%s: %s: client certificates are not supported", __func__, dom->domain);
}

KORE_PRIVATE_KEY *
kore_tls_rsakey_load(const char *path)
{
	fatal("%s: %s is not supported with BearSSL", __func__, path);
}

KORE_PRIVATE_KEY *
kore_tls_rsakey_generate(const char *path)
{
	fatal("%s: %s is not supported with BearSSL", __func__, path);
}

KORE_X509_NAMES *
kore_tls_x509_subject_name(struct connection *c)
{
	(void)c;

	return (NULL);
}

KORE_X509_NAMES *
kore_tls_x509_issuer_name(struct connection *c)
{
	(void)c;

	return (NULL);
}

int
kore_tls_x509name_foreach(KORE_X509_NAMES *name, int flags, void *udata,
    int (*cb)(void *, int, int, const char *, const void *, size_t, int))
{
	(void)name, (void)flags, (void)udata, (void)cb;

	return (KORE_RESULT_ERROR);
}

int
kore_tls_x509_data(struct connection *c, u_int8_t **ptr, size_t *olen)
{
	(void)c, (void)ptr, (void)olen;

	return (KORE_RESULT_ERROR);
}

/* The engine of a connection. */

/*
 * A context without certificate that has been configured and seeded once, from which each connection's is copied: BearSSL asks for the features of
 * the CPU six times in a configuration, and on a virtual machine each question is a call of the hypervisor.
 */
static br_ssl_server_context	model;
static int			model_ready = 0;

static int
model_make(void)
{
	br_ssl_engine_context	*eng = &model.eng;
	unsigned char		*buffer;

	if (model_ready)
		return (1);
	br_ssl_server_zero(&model);
	if ((buffer = malloc(BR_SSL_BUFSIZE_MONO)) == NULL || !engine_prepare(eng)) {
		free(buffer);
		return (0);
	}
	br_ssl_engine_add_flags(eng, BR_OPT_FAIL_ON_ALPN_MISMATCH);
	br_ssl_engine_set_protocol_names(eng, protocols, sizeof(protocols) / sizeof(*protocols));
	br_ssl_server_set_cache(&model, sessions_cache());
	br_ssl_engine_set_buffer(eng, buffer, BR_SSL_BUFSIZE_MONO, 0);
	model_ready = br_ssl_server_reset(&model);
	free(buffer);

	return (model_ready);
}

/* Configures the engine. The key may only sign (ECDHE): RSA key exchange has no forward secrecy. */
static int
engine_start(struct tls *t)
{
	br_ssl_engine_context	*eng = &t->sc.eng;
	const struct identity	*id = t->cert->identity;

	if (!model_make())
		return (0);
	t->sc = model;
	/* Without bytes of its own the copy would repeat the random numbers of others. */
	if (!engine_seed(eng))
		return (0);
	if (id->key.type == BR_KEYTYPE_EC)
		br_ssl_server_set_single_ec(&t->sc, id->chain, id->chain_len, id->key.ec, BR_KEYTYPE_SIGN, 0,
		    br_ssl_engine_get_ec(eng), br_ecdsa_sign_asn1_get_default());
	else
		br_ssl_server_set_single_rsa(&t->sc, id->chain, id->chain_len, id->key.rsa, BR_KEYTYPE_SIGN,
		    br_rsa_private_get_default(), br_rsa_pkcs1_sign_get_default());
	br_ssl_engine_set_buffer(eng, t->buffer, sizeof(t->buffer), 1);

	return (br_ssl_server_reset(&t->sc));
}

/* Memory of ended connections. Without it, each connection would map its memory and give it back to the kernel. */
static struct tls	*spares = NULL;
static int		nspares = 0;

static struct tls *
tls_get(void)
{
	struct tls	*t = spares;

	if (t == NULL)
		return (malloc(sizeof(*t)));
	spares = t->next;
	nspares--;

	return (t);
}

static void
tls_put(struct tls *t)
{
	explicit_bzero(t, sizeof(*t));
	if (nspares == SPARES_MAX) {
		free(t);
		return;
	}
	t->next = spares;
	spares = t;
	nspares++;
}

/* Sends the records that the engine has ready. With MSG_MORE in flags the kernel keeps them until records_push(). */
static enum progress
records_send(struct connection *c, br_ssl_engine_context *eng, int flags)
{
	unsigned char	*buf;
	size_t		len;
	ssize_t		n;

	while ((buf = br_ssl_engine_sendrec_buf(eng, &len)) != NULL) {
		if ((n = send(c->fd, buf, len, MSG_NOSIGNAL | flags)) >= 0) {
			br_ssl_engine_sendrec_ack(eng, (size_t)n);
		} else if (errno == EAGAIN) {
			c->evt.flags &= ~KORE_EVENT_WRITE;
			return (BLOCKED);
		} else if (errno != EINTR) {
			return (ENDED);
		}
	}

	return (PROGRESS);
}

static enum progress
records_out(struct connection *c, br_ssl_engine_context *eng)
{
	return (records_send(c, eng, 0));
}

/* Sends what the kernel has kept (tcp(7) on TCP_NODELAY). */
static void
records_push(const struct connection *c)
{
	int	on = 1;

	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Receives the bytes that the engine wants next, at most one record. */
static enum progress
record_in(struct connection *c, br_ssl_engine_context *eng)
{
	unsigned char	*buf;
	size_t		len;
	ssize_t		n;

	if ((buf = br_ssl_engine_recvrec_buf(eng, &len)) == NULL)
		return (ENDED);
	if ((n = recv(c->fd, buf, len, 0)) > 0) {
		br_ssl_engine_recvrec_ack(eng, (size_t)n);
		return (PROGRESS);
	}
	if (n == -1 && errno == EINTR)
		return (PROGRESS);
	if (n == 0 || errno != EAGAIN)
		return (ENDED);
	c->evt.flags &= ~KORE_EVENT_READ;

	return (BLOCKED);
}

/* Functions that Kore calls. */

/* Continues the handshake until it is complete, has failed, or must wait for the socket. */
static enum progress
handshake(struct connection *c, br_ssl_engine_context *eng)
{
	enum progress	m = PROGRESS;
	unsigned int	state;

	while (m == PROGRESS && !((state = br_ssl_engine_current_state(eng)) & (BR_SSL_SENDAPP | BR_SSL_CLOSED))) {
		if ((state & BR_SSL_SENDREC) == 0) {
			m = record_in(c, eng);
			continue;
		}
		/* The records of a flight leave in one segment. */
		m = records_send(c, eng, MSG_MORE);
		records_push(c);
	}

	return (m == PROGRESS && (state & BR_SSL_CLOSED) ? ENDED : m);
}

int
kore_tls_connection_accept(struct connection *c)
{
	struct tls	*t = c->tls;

	if (t == NULL) {
		if ((t = tls_get()) == NULL)
			return (KORE_RESULT_ERROR);
		c->tls = t;
		t->cert = listener_cert_get();
		t->taken = 0;
		if (!engine_start(t))
			return (KORE_RESULT_ERROR);
	}

	switch (handshake(c, &t->sc.eng)) {
	case PROGRESS:
		listener_cert_release(t->cert);
		t->cert = NULL;
		return (KORE_RESULT_OK);
	case BLOCKED:
		/* The idle timer ends a silent client, http/timeouts.c one that sends byte by byte. */
		kore_connection_start_idletimer(c);
		return (KORE_RESULT_RETRY);
	default:
		return (KORE_RESULT_ERROR);
	}
}

int
kore_tls_read(struct connection *c, size_t *bytes)
{
	br_ssl_engine_context	*eng = &((struct tls *)c->tls)->sc.eng;
	enum progress		m = PROGRESS;
	unsigned char		*buf;
	size_t			len, room = c->rnb->b_len - c->rnb->s_off;

	while (m == PROGRESS) {
		if ((buf = br_ssl_engine_recvapp_buf(eng, &len)) != NULL) {
			*bytes = MIN(len, room);
			memcpy(c->rnb->buf + c->rnb->s_off, buf, *bytes);
			br_ssl_engine_recvapp_ack(eng, *bytes);
			return (KORE_RESULT_OK);
		}
		/* Send the engine's response to an alert or a renegotiation request; that may wait. */
		if (records_out(c, eng) == ENDED)
			m = ENDED;
		else
			m = record_in(c, eng);
	}
	/* Disconnect here, as Kore's net_read() does: some of its callers ignore the result. */
	if (m == ENDED) {
		kore_connection_disconnect(c);
		c->evt.flags &= ~KORE_EVENT_READ;
	}

	return (KORE_RESULT_OK);
}

/*
 * Reports bytes as written only after their record has been sent completely.
 * Kore drops a buffer once it is written and would not call again for bytes
 * that are still in the engine.
 */
int
kore_tls_write(struct connection *c, size_t len, size_t *written)
{
	struct tls		*t = c->tls;
	br_ssl_engine_context	*eng = &t->sc.eng;
	enum progress		m;
	unsigned char		*buf;
	size_t			room;

	if ((m = records_out(c, eng)) == PROGRESS && t->taken == 0) {
		if ((buf = br_ssl_engine_sendapp_buf(eng, &room)) == NULL)
			return (KORE_RESULT_ERROR);
		/* Take more than the 8 KB that Kore passes: one large record costs less than two. */
		len = MIN(c->snb->b_len - c->snb->s_off, room);
		memcpy(buf, c->snb->buf + c->snb->s_off, len);
		br_ssl_engine_sendapp_ack(eng, len);
		br_ssl_engine_flush(eng, 0);
		t->taken = len;
		m = records_out(c, eng);
	}
	if (m == ENDED)
		return (KORE_RESULT_ERROR);
	if (m == BLOCKED) {
		c->snb->flags |= NETBUF_MUST_RESEND;
		return (KORE_RESULT_OK);
	}
	*written = t->taken;
	t->taken = 0;

	return (KORE_RESULT_OK);
}

int
listener_pending(const struct connection *c)
{
	const struct tls	*t = c->tls;
	size_t			len;

	return (t != NULL && br_ssl_engine_recvapp_buf(&t->sc.eng, &len) != NULL);
}

void
listener_close_notify(struct connection *c)
{
	struct tls	*t = c->tls;

	if (t == NULL || t->taken > 0 || t->cert != NULL)
		return;
	br_ssl_engine_close(&t->sc.eng);
	(void)records_out(c, &t->sc.eng);
}

void
kore_tls_connection_cleanup(struct connection *c)
{
	struct tls	*t = c->tls;

	if (t == NULL)
		return;
	listener_close_notify(c);
	listener_cert_release(t->cert);
	tls_put(t);
	c->tls = NULL;
}
