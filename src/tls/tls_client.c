/*
 * Runs br_ssl_client_context on a non-blocking socket.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls/tls_client.h"
#include "tls/engine.h"

struct tls_client {
	br_ssl_client_context	ssl;		/* first: note_choose() casts its address */
	struct verify		verify;
	struct tls_transport	transport;
	const char		*alpn;
	br_ssl_client_certificate_class	auth;	/* BearSSL's class with our choose */
	void			(*choose)(const br_ssl_client_certificate_class **, const br_ssl_client_context *, uint32_t,
				    br_ssl_client_certificate *);
	const br_ssl_client_certificate_class	*no_cert;
	size_t			in_flight;	/* bytes of the caller in a record that is not sent completely */
	int			cert_requested;
	int			cert_sent;
	int			error_number;
	char			error[384];
	unsigned char		buffer[BR_SSL_BUFSIZE_BIDI];
};

static ssize_t
socket_recv(void *arg, void *buf, size_t len)
{
	return (recv(*(int *)arg, buf, len, 0));
}

static ssize_t
socket_send(void *arg, const void *buf, size_t len)
{
	return (send(*(int *)arg, buf, len, MSG_NOSIGNAL));
}

static void
none_start(const br_ssl_client_certificate_class **ctx)
{
	(void)ctx;
}

static void
none_name(const br_ssl_client_certificate_class **ctx, size_t len)
{
	(void)ctx;
	(void)len;
}

static void
none_append(const br_ssl_client_certificate_class **ctx, const unsigned char *data, size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
}

static void
none_choose(const br_ssl_client_certificate_class **ctx, const br_ssl_client_context *ssl, uint32_t types, br_ssl_client_certificate *choice)
{
	(void)ctx;
	(void)ssl;
	(void)types;
	memset(choice, 0, sizeof(*choice));
}

/* Notes that the server requested a certificate, and lets BearSSL choose it. */
static void
note_choose(const br_ssl_client_certificate_class **ctx, const br_ssl_client_context *ssl, uint32_t types, br_ssl_client_certificate *choice)
{
	struct tls_client	*c = (struct tls_client *)(uintptr_t)ssl;

	c->cert_requested = 1;
	c->choose(ctx, ssl, types, choice);
	c->cert_sent = choice->chain_len > 0;
}

static void
identity_set(struct tls_client *c, const struct identity *id)
{
	static const br_ssl_client_certificate_class	none = {
		.context_size = sizeof(const br_ssl_client_certificate_class *), .start_name_list = none_start, .start_name = none_name,
		.append_name = none_append, .end_name = none_start, .end_name_list = none_start, .choose = none_choose
	};

	if (id != NULL && id->key.type == BR_KEYTYPE_RSA) {
		br_ssl_client_set_single_rsa(&c->ssl, id->chain, id->chain_len, id->key.rsa, br_rsa_pkcs1_sign_get_default());
	} else if (id != NULL) {
		br_ssl_client_set_single_ec(&c->ssl, id->chain, id->chain_len, id->key.ec, BR_KEYTYPE_SIGN, 0,
		    br_ec_get_default(), br_ecdsa_sign_asn1_get_default());
	} else {
		c->no_cert = &none;
		br_ssl_client_set_client_certificate(&c->ssl, &c->no_cert);
	}
	c->auth = **c->ssl.client_auth_vtable;
	c->choose = c->auth.choose;
	c->auth.choose = note_choose;
	*c->ssl.client_auth_vtable = &c->auth;
}

static const char *
setup(struct tls_client *c, const struct tls_settings *s)
{
	struct cert_host	host = { 0 };

	if (s->host != NULL && *s->host != '\0' && !cert_host_parse(&host, s->host))
		return ("the host name is too long");
	if (s->verify == VERIFY_NAME && *host.name == '\0')
		return ("no host name to verify the certificate against");
	br_ssl_client_zero(&c->ssl);
	if (!engine_prepare(&c->ssl.eng))
		return ("no random numbers from the kernel (getrandom)");
	verify_init(&c->verify, s->verify, s->roots != NULL ? s->roots : roots_all(), &host);
	c->verify.now = s->now;
	br_ssl_engine_set_x509(&c->ssl.eng, &c->verify.vtable);
	br_ssl_engine_set_buffer(&c->ssl.eng, c->buffer, sizeof(c->buffer), 1);
	identity_set(c, s->identity);
	if ((c->alpn = s->alpn) != NULL)
		br_ssl_engine_set_protocol_names(&c->ssl.eng, &c->alpn, 1);
	if (!br_ssl_client_reset(&c->ssl, s->no_sni || host.address_len > 0 || *host.name == '\0' ? NULL : host.name, 0))
		return ("no random numbers from the kernel (getrandom)");

	return (NULL);
}

struct tls_client *
tls_client_new(const struct tls_settings *s, char *why, size_t size)
{
	struct tls_client	*c = calloc(1, sizeof(*c));
	const char		*wrong;

	if (c == NULL) {
		snprintf(why, size, "out of memory");
		return (NULL);
	}
	c->transport = s->transport;
	if (c->transport.recv == NULL) {
		c->transport.recv = socket_recv;
		c->transport.send = socket_send;
		c->transport.arg = &c->transport.fd;
	}
	if ((wrong = setup(c, s)) != NULL) {
		snprintf(why, size, "%s", wrong);
		tls_client_free(c);
		return (NULL);
	}

	return (c);
}

void
tls_client_free(struct tls_client *c)
{
	if (c == NULL)
		return;
	verify_free(&c->verify);
	explicit_bzero(c, sizeof(*c));
	free(c);
}

static enum tls_step
fail(struct tls_client *c, int number, const char *why)
{
	if (*c->error == '\0') {
		c->error_number = number;
		snprintf(c->error, sizeof(c->error), "%s", why);
	}

	return (TLS_FAILED);
}

/* Returns the result of an engine that has stopped: TLS_CLOSED, or TLS_FAILED with the error set. */
static enum tls_step
stopped(struct tls_client *c)
{
	char	text[160];
	int	err = br_ssl_engine_last_error(&c->ssl.eng);

	if (err == BR_ERR_OK)
		return (TLS_CLOSED);

	return (fail(c, 0, *c->verify.error != '\0' ? c->verify.error : engine_error(err, text, sizeof(text))));
}

static int
would_block(void)
{
	return (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

/* Sends the records that the engine has ready. */
static enum tls_step
records_send(struct tls_client *c)
{
	unsigned char	*data;
	size_t		len;
	ssize_t		n;

	while ((data = br_ssl_engine_sendrec_buf(&c->ssl.eng, &len)) != NULL) {
		n = c->transport.send(c->transport.arg, data, len);
		if (n < 0)
			return (would_block() ? TLS_WANT_WRITE : fail(c, errno, strerror(errno)));
		if (n == 0)
			return (TLS_WANT_WRITE);
		br_ssl_engine_sendrec_ack(&c->ssl.eng, (size_t)n);
	}

	return (TLS_DONE);
}

/* Receives bytes, at most to the end of one record. */
static enum tls_step
record_recv(struct tls_client *c)
{
	unsigned char	*room;
	size_t		len;
	ssize_t		n;

	if ((room = br_ssl_engine_recvrec_buf(&c->ssl.eng, &len)) == NULL)
		return (fail(c, 0, "TLS engine accepts no input"));
	n = c->transport.recv(c->transport.arg, room, len);
	if (n < 0)
		return (would_block() ? TLS_WANT_READ : fail(c, errno, strerror(errno)));
	if (n == 0)
		return (fail(c, ECONNRESET, br_ssl_engine_current_state(&c->ssl.eng) & BR_SSL_SENDAPP ?
		    "the server closed the connection without close_notify" : "the server closed the connection during the TLS handshake"));
	br_ssl_engine_recvrec_ack(&c->ssl.eng, (size_t)n);

	return (TLS_DONE);
}

enum tls_step
tls_client_handshake(struct tls_client *c)
{
	enum tls_step	step;
	unsigned	state;

	for (;;) {
		state = br_ssl_engine_current_state(&c->ssl.eng);
		if (*c->error != '\0')
			return (TLS_FAILED);
		if (state == BR_SSL_CLOSED)
			return (stopped(c) == TLS_CLOSED ? fail(c, ECONNRESET, "the server sent close_notify during the TLS handshake") : TLS_FAILED);
		if (state & BR_SSL_SENDREC)
			step = records_send(c);
		else if (state & (BR_SSL_SENDAPP | BR_SSL_RECVAPP))
			return (TLS_DONE);
		else
			step = record_recv(c);
		if (step != TLS_DONE)
			return (step);
	}
}

enum tls_step
tls_client_read(struct tls_client *c, void *buf, size_t len, size_t *got)
{
	unsigned char	*data;
	enum tls_step	step;
	size_t		have;

	*got = 0;
	for (;;) {
		if (*c->error != '\0')
			return (TLS_FAILED);
		if ((data = br_ssl_engine_recvapp_buf(&c->ssl.eng, &have)) != NULL) {
			*got = have < len ? have : len;
			memcpy(buf, data, *got);
			br_ssl_engine_recvapp_ack(&c->ssl.eng, *got);
			return (TLS_DONE);
		}
		/* Read even if records wait to be sent: the server may not read before its own data has been read. */
		if (records_send(c) == TLS_FAILED)
			return (TLS_FAILED);
		if (br_ssl_engine_current_state(&c->ssl.eng) == BR_SSL_CLOSED)
			return (stopped(c));
		if ((step = record_recv(c)) != TLS_DONE)
			return (step);
	}
}

/* Creates one record with as many bytes as fit. */
static enum tls_step
record_make(struct tls_client *c, const unsigned char *data, size_t len)
{
	unsigned char	*room;
	size_t		n;

	if ((room = br_ssl_engine_sendapp_buf(&c->ssl.eng, &n)) == NULL)
		return (br_ssl_engine_current_state(&c->ssl.eng) == BR_SSL_CLOSED ? stopped(c) : fail(c, 0, "TLS engine accepts no data"));
	if (n > len)
		n = len;
	memcpy(room, data, n);
	br_ssl_engine_sendapp_ack(&c->ssl.eng, n);
	br_ssl_engine_flush(&c->ssl.eng, 0);
	c->in_flight = n;

	return (TLS_DONE);
}

enum tls_step
tls_client_write(struct tls_client *c, const void *buf, size_t len, size_t *taken)
{
	enum tls_step	step;

	*taken = 0;
	if (*c->error != '\0')
		return (TLS_FAILED);
	while (*taken < len) {
		step = records_send(c);
		if (step == TLS_DONE && c->in_flight == 0)
			step = record_make(c, (const unsigned char *)buf + *taken, len - *taken);
		else if (step == TLS_DONE && c->in_flight > len - *taken)
			step = fail(c, 0, "tls_client_write was repeated with fewer bytes");
		else if (step == TLS_DONE) {
			*taken += c->in_flight;
			c->in_flight = 0;
		}
		if (step == TLS_FAILED)
			*taken = 0;
		if (step != TLS_DONE)
			return (*taken > 0 ? TLS_DONE : step);
	}

	return (TLS_DONE);
}

size_t
tls_client_pending(const struct tls_client *c)
{
	size_t	len = 0;

	(void)br_ssl_engine_recvapp_buf(&c->ssl.eng, &len);

	return (len);
}

int
tls_client_unsent(const struct tls_client *c)
{
	return ((br_ssl_engine_current_state(&c->ssl.eng) & BR_SSL_SENDREC) != 0);
}

void
tls_client_close(struct tls_client *c)
{
	if (*c->error != '\0')
		return;
	br_ssl_engine_close(&c->ssl.eng);
	(void)records_send(c);
}

const char *
tls_client_error(const struct tls_client *c)
{
	return (c->error);
}

int
tls_client_errno(const struct tls_client *c)
{
	return (c->error_number);
}

const struct cert *
tls_client_peer(const struct tls_client *c)
{
	return (&c->verify.peer);
}

size_t
tls_client_peer_hash(const struct tls_client *c, uint8_t out[VERIFY_HASH_MAX])
{
	return (verify_peer_hash(&c->verify, out));
}

const char *
tls_client_alpn(const struct tls_client *c)
{
	return (br_ssl_engine_get_selected_protocol((br_ssl_engine_context *)(uintptr_t)&c->ssl.eng));
}

const char *
tls_client_cipher(const struct tls_client *c, int *bits)
{
	return (engine_cipher(&c->ssl.eng, bits));
}

int
tls_client_cert_requested(const struct tls_client *c)
{
	return (c->cert_requested);
}

int
tls_client_cert_sent(const struct tls_client *c)
{
	return (c->cert_sent);
}
