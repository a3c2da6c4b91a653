/*
 * The canonical forms of a message, their signature, and the key.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <bearssl.h>
#include <kore/kore.h>

#include "base/conf.h"
#include "net/dkim.h"
#include "tls/der.h"
#include "tls/pem.h"
#include "tls/private_key.h"

#define RSA_BITS_MIN	1024	/* RFC 8301 §3.2 */
#define RSA_BYTES_MAX	PRIVATE_KEY_SIGNATURE_MAX
#define BASE64_LINE	72	/* characters of the signature on a line */
#define DER_MAX		(RSA_BYTES_MAX + 64)

static struct private_key	key;
/* The modulus and the public exponent of the key, two elements in DER. BearSSL computes the exponent for some keys only. */
static unsigned char		numbers[RSA_BYTES_MAX + 32];
static size_t			numbers_len;

/* Fields that are signed if the message has them; RFC 6376 §5.4.1, and RFC 8058 §4 for those of a list. */
static const char	*signed_fields[] = { "from", "reply-to", "to", "subject", "date", "message-id", "mime-version", "content-type", "auto-submitted",
	"list-id", "list-unsubscribe", "list-unsubscribe-post", "precedence" };

/* Written once more, so that nobody can add such a field to a signed message (RFC 6376 §8.15). The first colon follows those above. */
#define FIELDS_CLOSED	"from:reply-to:to:subject:date"

/* Returns 1 for letters, digits, dots, hyphens and underscores. */
static int
name_ok(const char *name)
{
	return (*name != '\0' && *name != '.' && name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")] == '\0');
}

/* Reads the public numbers of a private key: PKCS #1 (RFC 8017 §A.1.2), or PKCS #8 around it (RFC 5958 §2). Returns 0 if it is neither. */
static int
numbers_read(struct der in)
{
	struct der	outer, inner, version, algorithm, modulus, exponent;
	const uint8_t	*first;

	if (!der_take(&in, DER_SEQUENCE, &outer) || !der_take(&outer, DER_INTEGER, &version))
		return (0);
	if (der_take(&outer, DER_SEQUENCE, &algorithm)) {
		if (!der_take(&outer, DER_OCTETS, &inner))
			return (0);
		return (numbers_read(inner));
	}
	first = outer.p;
	if (!der_take(&outer, DER_INTEGER, &modulus) || !der_take(&outer, DER_INTEGER, &exponent) || (size_t)(outer.p - first) > sizeof(numbers))
		return (0);
	numbers_len = (size_t)(outer.p - first);
	memcpy(numbers, first, numbers_len);

	return (1);
}

/* Reads the public numbers of the first private key in the text. */
static int
public_read(const char *text)
{
	char	label[PEM_LABEL_MAX];
	uint8_t	*der;
	size_t	len;
	int	found = 0;

	while (!found && pem_next(&text, label, &der, &len) == 1) {
		if (strstr(label, "PRIVATE KEY") != NULL)
			found = numbers_read((struct der){ der, len });
		pem_free(der, len);
	}

	return (found);
}

static const char *
key_load(void)
{
	static char	error[320];
	const char	*file = conf_str(CONF_DKIM_KEY_FILE), *why;
	char		*text;

	if ((text = pem_file(file)) == NULL) {
		snprintf(error, sizeof(error), "DKIM_KEY_FILE cannot be read: %s", strerror(errno));
		return (error);
	}
	why = private_key_parse(&key, text);
	if (why == NULL && (key.type != BR_KEYTYPE_RSA || key.rsa->n_bitlen < RSA_BITS_MIN || key.rsa->n_bitlen > RSA_BYTES_MAX * 8))
		why = "the key is not RSA of 1024 to 4096 bits; make one with openssl genrsa 2048";
	if (why == NULL && !public_read(text))
		why = "the key has no public part";
	pem_text_free(text);
	if (why == NULL)
		return (NULL);
	explicit_bzero(&key, sizeof(key));
	snprintf(error, sizeof(error), "DKIM_KEY_FILE: %s", why);

	return (error);
}

const char *
dkim_configure(void)
{
	const char	*file = conf_str(CONF_DKIM_KEY_FILE), *domain = conf_str(CONF_DKIM_DOMAIN), *selector = conf_str(CONF_DKIM_SELECTOR);

	if (*file == '\0' && *domain == '\0' && *selector == '\0')
		return (NULL);
	if (*file == '\0' || *domain == '\0' || *selector == '\0')
		return ("DKIM_KEY_FILE, DKIM_DOMAIN and DKIM_SELECTOR are not all set; set them together, or none to send mail unsigned");
	if (!name_ok(domain) || !name_ok(selector))
		return ("DKIM_DOMAIN or DKIM_SELECTOR is not valid; allowed are letters, digits, dots, hyphens and underscores");

	return (key_load());
}

int
dkim_enabled(void)
{
	return (key.type != 0);
}

static int
is_blank(char c)
{
	return (c == ' ' || c == '\t');
}

/* Adds a field of len bytes without its last line end to the hash, in its relaxed form (RFC 6376 §3.4.2). */
static void
field_hash(br_sha256_context *hash, const char *field, size_t len)
{
	size_t	i, colon = (size_t)((const char *)memchr(field, ':', len) - field);
	int	blank = 0, begun = 0;
	char	c;

	for (i = 0; i < colon; i++) {
		c = (char)tolower((unsigned char)field[i]);
		if (!is_blank(c))
			br_sha256_update(hash, &c, 1);
	}
	br_sha256_update(hash, ":", 1);
	for (i = colon + 1; i < len; i++) {
		if (is_blank(field[i]) || field[i] == '\r' || field[i] == '\n') {
			blank = begun;
			continue;
		}
		if (blank)
			br_sha256_update(hash, " ", 1);
		br_sha256_update(hash, field + i, 1);
		blank = 0;
		begun = 1;
	}
}

/* Returns the length of the field at text without its last CR LF: a line and those that begin with a blank. 0 at the end of the header. */
static size_t
field_length(const char *text, const char *end)
{
	const char	*p = text;

	while (end - p >= 2 && (p[0] != '\r' || p[1] != '\n' || (p > text && end - p > 2 && is_blank(p[2]))))
		p++;

	return ((size_t)(p - text));
}

/* Adds the fields of that name to the hash, the last one first (RFC 6376 §5.4.2), and the name to the list of the signature. */
static void
named_fields_hash(br_sha256_context *hash, FILE *list, const char *name, const char *message, const char *end)
{
	const char	*found = NULL, *p;
	size_t		len, n = strlen(name);

	for (p = message; (len = field_length(p, end)) > 0; p += len + 2) {
		if (len > n && p[n] == ':' && !strncasecmp(p, name, n))
			found = p;
	}
	if (found == NULL)
		return;
	fprintf(list, "%s:", name);
	field_hash(hash, found, field_length(found, end));
	br_sha256_update(hash, "\r\n", 2);
}

/* Writes the hash of the body in its relaxed form (RFC 6376 §3.4.4): blanks are one blank, none at the end of a line, no empty lines at the end. */
static void
body_hash(const char *body, const char *end, unsigned char out[br_sha256_SIZE])
{
	br_sha256_context	hash;
	size_t			lines = 0;
	int			blank = 0;

	br_sha256_init(&hash);
	for (; body < end; body++) {
		if (end - body >= 2 && body[0] == '\r' && body[1] == '\n') {
			lines++;
			blank = 0;
			body++;
			continue;
		}
		if (is_blank(*body)) {
			blank = 1;
			continue;
		}
		for (; lines > 0; lines--)
			br_sha256_update(&hash, "\r\n", 2);
		if (blank)
			br_sha256_update(&hash, " ", 1);
		blank = 0;
		br_sha256_update(&hash, body, 1);
		if (body + 1 == end)
			lines = 1;
	}
	if (lines > 0 && hash.count > 0)
		br_sha256_update(&hash, "\r\n", 2);
	br_sha256_out(&hash, out);
}

/* Writes a signature as base64 in lines that begin with a blank. */
static int
signature_put(FILE *out, const unsigned char *signature, size_t len)
{
	char	*text;
	size_t	i;

	if (!kore_base64_encode(signature, len, &text))
		return (0);
	for (i = 0; i < strlen(text); i += BASE64_LINE)
		fprintf(out, "%s%.*s", i > 0 ? "\r\n " : "", BASE64_LINE, text + i);
	fputs("\r\n", out);
	kore_free(text);

	return (1);
}

/* Writes the signature's field up to its empty "b=", and adds the signed fields to the hash. */
static int
field_begin(FILE *out, br_sha256_context *hash, const char *message, const char *end, time_t now)
{
	const char	*body = memmem(message, (size_t)(end - message), "\r\n\r\n", 4);
	unsigned char	digest[br_sha256_SIZE];
	char		*base64;
	size_t		i;

	body_hash(body != NULL ? body + 4 : end, end, digest);
	if (!kore_base64_encode(digest, sizeof(digest), &base64))
		return (0);
	fprintf(out, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=%s;\r\n s=%s; t=%lld;\r\n h=", conf_str(CONF_DKIM_DOMAIN),
	    conf_str(CONF_DKIM_SELECTOR), (long long)now);
	for (i = 0; i < sizeof(signed_fields) / sizeof(signed_fields[0]); i++) {
		named_fields_hash(hash, out, signed_fields[i], message, end);
		if (i % 5 == 4)
			fputs("\r\n ", out);
	}
	fprintf(out, "%s;\r\n bh=%s;\r\n b=", FIELDS_CLOSED, base64);
	kore_free(base64);

	return (1);
}

char *
dkim_sign(const char *message, size_t len, time_t now)
{
	unsigned char		digest[br_sha256_SIZE], signature[RSA_BYTES_MAX];
	br_sha256_context	hash;
	char			*field = NULL;
	size_t			field_len;
	FILE			*out;
	int			ok;

	if ((out = open_memstream(&field, &field_len)) == NULL)
		return (NULL);
	br_sha256_init(&hash);
	ok = field_begin(out, &hash, message, message + len, now) && fflush(out) == 0;
	if (ok) {
		field_hash(&hash, field, field_len);
		br_sha256_out(&hash, digest);
		ok = br_rsa_pkcs1_sign_get_default()(BR_HASH_OID_SHA256, digest, sizeof(digest), key.rsa, signature) == 1 &&
		    signature_put(out, signature, (key.rsa->n_bitlen + 7) / 8) && !ferror(out);
	}
	if (fclose(out) != 0 || !ok) {
		free(field);
		return (NULL);
	}

	return (field);
}

/* Puts tag and length (X.690 §8.1) before the len bytes that end at `at`. Returns where the element begins. */
static unsigned char *
der_wrap(unsigned char *at, size_t len, unsigned char tag)
{
	size_t	n = len;

	if (len < 0x80) {
		*--at = (unsigned char)len;
	} else {
		for (; n > 0; n >>= 8)
			*--at = (unsigned char)n;
		*(at - 1) = (unsigned char)(0x80 | (len > 0xff ? 2 : 1));
		at--;
	}
	*--at = tag;

	return (at);
}

char *
dkim_public_key(void)
{
	static const unsigned char	algorithm[] = { 0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
	unsigned char			der[DER_MAX], *end = der + sizeof(der), *at = end - numbers_len;
	char				*text;

	memcpy(at, numbers, numbers_len);
	at = der_wrap(at, numbers_len, DER_SEQUENCE);
	*--at = 0;	/* unused bits of the BIT STRING */
	at = der_wrap(at, (size_t)(end - at), DER_BITS);
	at -= sizeof(algorithm);
	memcpy(at, algorithm, sizeof(algorithm));
	at = der_wrap(at, (size_t)(end - at), DER_SEQUENCE);

	return (kore_base64_encode(at, (size_t)(end - at), &text) ? text : NULL);
}
