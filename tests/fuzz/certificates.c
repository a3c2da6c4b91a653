/*
 * Input of src/tls from peers and operators: PEM, keys, certificates, and the
 * bytes of a server during a handshake. The first byte selects the target.
 */
#include "fuzz.h"

#include "tls/tls_client.h"
#include "tls/pem.h"

static struct roots	*believed;
static const char	authority[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBNjCB3aADAgECAhRrK/GYFu6E5wWSrZ8HYk+TCRca5DAKBggqhkjOPQQDAjAR\n"
	"MQ8wDQYDVQQDDAZGdXp6IDEwHhcNMjUwNDA2MjI0NDE5WhcNNDgxMDIyMjI0NDE5\n"
	"WjARMQ8wDQYDVQQDDAZGdXp6IDEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAS9\n"
	"iy6TiE3/HVYieEt9HjvSVENume+qE4sDnhFi+eUN5DFG9CyraDTpY9YCp9jksFNI\n"
	"d7IXNaDkQwfxp2fSK+XUoxMwETAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMC\n"
	"A0gAMEUCIC8WpSUizphCD+mvIGenP2GptWNbd42HufkjRLrKPmt/AiEA9tsNScCc\n"
	"wekkV2EsUr3t5fWrIP72xmwwWOOYDrUAC3s=\n"
	"-----END CERTIFICATE-----\n";

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char	*why;

	(void)argc;
	(void)argv;
	MUST((believed = roots_parse(authority, &why)) != NULL);

	return (0);
}

static void
pem(const uint8_t *data, size_t len)
{
	char		*text = text_of(data, len), label[PEM_LABEL_MAX];
	const char	*p = text, *why;
	struct roots	*r;
	uint8_t		*der;
	size_t		n;

	while (pem_next(&p, label, &der, &n) == 1)
		pem_free(der, n);
	if ((r = roots_parse(text, &why)) != NULL)
		roots_free(r);
	else
		MUST(why != NULL);
	free(text);
}

/* Certificates and key in one text, like a combined file. */
static void
identity(const uint8_t *data, size_t len)
{
	char		*text = text_of(data, len);
	const char	*why = NULL;
	struct identity	*id;

	id = identity_parse(text, text, &why);
	MUST((id == NULL) == (why != NULL));
	identity_free(id);
	free(text);
}

static void
certificate(const uint8_t *data, size_t len)
{
	static const char	*hosts[] = { "localhost", "db.example.com", "127.0.0.1", "::1" };
	struct cert		c;
	struct cert_host	h;
	struct der		name;
	char			text[CERT_TEXT_MAX];
	size_t			i;

	if (!cert_parse(&c, data, len))
		return;
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		if (cert_host_parse(&h, hosts[i]))
			(void)cert_names_host(&c, &h);
	}
	(void)cert_common_name(&c, &name);
	(void)cert_serves(&c);
	(void)cert_permits(&c, &c);
	MUST(strlen(cert_name_text(c.subject, text)) < CERT_TEXT_MAX);
	MUST(strlen(cert_names_text(&c, text)) < CERT_TEXT_MAX);
}

/* A certificate chain as in a handshake: one certificate after the other, in pieces. */
static void
chain(const uint8_t *data, size_t len)
{
	struct cert_host	h;
	struct verify		v;
	struct der		rest = { data, len }, content, one;
	uint8_t			tag, hash[VERIFY_HASH_MAX];

	(void)cert_host_parse(&h, "localhost");
	verify_init(&v, VERIFY_NAME, believed, &h);
	v.vtable->start_chain(&v.vtable, "localhost");
	while (der_next(&rest, &tag, &content, &one)) {
		v.vtable->start_cert(&v.vtable, (uint32_t)one.len);
		v.vtable->append(&v.vtable, one.p, one.len / 2 + 1);
		if (one.len / 2 + 1 < one.len)
			v.vtable->append(&v.vtable, one.p + one.len / 2 + 1, one.len - one.len / 2 - 1);
		v.vtable->end_cert(&v.vtable);
	}
	MUST((v.vtable->end_chain(&v.vtable) == 0) == (v.error[0] == '\0'));
	(void)verify_peer_hash(&v, hash);
	verify_free(&v);
}

struct server {
	const uint8_t	*data;
	size_t		len;
};

static ssize_t
server_says(void *arg, void *buf, size_t len)
{
	struct server	*s = arg;

	if (len > s->len)
		len = s->len;
	memcpy(buf, s->data, len);
	s->data += len;
	s->len -= len;

	return ((ssize_t)len);
}

static ssize_t
server_hears(void *arg, const void *buf, size_t len)
{
	(void)arg;
	(void)buf;

	return ((ssize_t)len);
}

static void
handshake(const uint8_t *data, size_t len)
{
	struct server		s = { data, len };
	struct tls_settings	settings = { .verify = VERIFY_NOTHING, .roots = believed, .host = "localhost", .alpn = "postgresql",
		.transport = { .recv = server_says, .send = server_hears, .arg = &s } };
	struct tls_client	*c;
	char			why[200];

	MUST((c = tls_client_new(&settings, why, sizeof(why))) != NULL);
	MUST(tls_client_handshake(c) == TLS_FAILED && *tls_client_error(c) != '\0');
	tls_client_free(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void	(*kinds[])(const uint8_t *, size_t) = { pem, identity, certificate, chain, handshake };

	if (len > 0)
		kinds[data[0] % (sizeof(kinds) / sizeof(kinds[0]))](data + 1, len - 1);

	return (0);
}
