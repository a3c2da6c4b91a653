/*
 * PEM in all spellings, host names, and the built-in CA certificates.
 */
#include "unit.h"

#include "base/conf.h"
#include "tls/cert.h"
#include "tls/pem.h"
#include "tls/roots.h"
#include "tls/verify.h"

extern const unsigned char	roots_der[], roots_der_end[];

/* Returns the number of PEM blocks in a text, all with the content "hello"; -1 if one is malformed. */
static int
blocks(const char *text)
{
	char	label[PEM_LABEL_MAX];
	uint8_t	*der;
	size_t	len;
	int	n, ret;

	for (n = 0; (ret = pem_next(&text, label, &der, &len)) == 1; n++) {
		assert_string_equal(label, "THING");
		assert_int_equal(len, 5);
		assert_memory_equal(der, "hello", 5);
		pem_free(der, len);
	}

	return (ret == 0 ? n : -1);
}

static void
pem(void **state)
{
	(void)state;
	assert_int_equal(blocks(""), 0);
	assert_int_equal(blocks("words, no block"), 0);
	assert_int_equal(blocks("-----BEGIN THING-----\naGVsbG8=\n-----END THING-----\n"), 1);
	assert_int_equal(blocks("before\n-----BEGIN THING-----\r\naGVs\r\nbG8=\r\n-----END THING-----\r\nafter"), 1);
	assert_int_equal(blocks("-----BEGIN THING-----\\naGVsbG8=\\n-----END THING-----\\n-----BEGIN THING-----aGVsbG8=-----END THING-----"), 2);
	assert_int_equal(blocks("-----BEGIN THING----- aGVs bG8= -----END THING-----"), 1);

	assert_int_equal(blocks("-----BEGIN THING-----\naGVsbG8=\n"), -1);
	assert_int_equal(blocks("-----BEGIN THING"), -1);
	assert_int_equal(blocks("-----BEGIN THING-----\naGVsbG8=\n-----END OTHER-----\n"), -1);
	assert_int_equal(blocks("-----BEGIN THING-----\naGVsbG8\n-----END THING-----\n"), -1);
	assert_int_equal(blocks("-----BEGIN THING-----\naGVs!G8=\n-----END THING-----\n"), -1);
	assert_int_equal(blocks("-----BEGIN THING-----\naGVsbG8=aGVs\n-----END THING-----\n"), -1);
	assert_int_equal(blocks("-----BEGIN THING-----\n-----END THING-----\n"), -1);
	assert_int_equal(blocks("-----BEGIN THING-----\nProc-Type: 4,ENCRYPTED\n\naGVsbG8=\n-----END THING-----\n"), -1);
	assert_int_equal(blocks("-----BEGIN A LABEL THAT IS LONGER THAN ANY THAT THERE IS-----\naGVsbG8=\n-----END THING-----\n"), -1);
}

static void
hosts(void **state)
{
	struct cert_host	h;
	char			longest[300];

	(void)state;
	assert_true(cert_host_parse(&h, "db.example.com.") && !strcmp(h.name, "db.example.com") && h.address_len == 0);
	assert_true(cert_host_parse(&h, "10.0.0.1") && h.address_len == 4 && !memcmp(h.address, "\x0a\0\0\x01", 4));
	assert_true(cert_host_parse(&h, "[2001:db8::1]") && h.address_len == 16 && !strcmp(h.name, "2001:db8::1"));
	assert_true(cert_host_parse(&h, "10.0.0.1.nip.io") && h.address_len == 0);
	assert_true(cert_host_parse(&h, "256.0.0.1") && h.address_len == 0);
	assert_false(cert_host_parse(&h, ""));
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_false(cert_host_parse(&h, longest));
}

static void
der(void **state)
{
	static const char	*const broken[] = { "\x30", "\x30\x01", "\x30\x80\x00\x00", "\x30\x81\x01\x00", "\x30\x82\x00\x80", "\x3f\x01\x00",
		"\x30\x84\xff\xff\xff\xff", "\x30\x85\x01\x01\x01\x01\x01" };
	static const size_t	lengths[] = { 1, 2, 4, 4, 4, 3, 6, 7 };
	struct der		in, content;
	uint8_t			tag;
	size_t			i;

	(void)state;
	for (i = 0; i < LENGTH(broken); i++) {
		in = (struct der){ (const uint8_t *)broken[i], lengths[i] };
		assert_false(der_next(&in, &tag, &content, NULL));
		assert_int_equal(in.len, lengths[i]);
	}
}

static void
authorities(void **state)
{
	char	text[16384] = "";
	FILE	*fp = fmemopen(text, sizeof(text), "w");

	(void)state;
	roots_print(fp);
	fclose(fp);
	assert_int_equal(strncmp(text, "CA certificates: 150, Mozilla's list of 2025-04-19\n", 51), 0);
	assert_non_null(strstr(text, "  Amazon Root CA 1, until 2038-01-17\n"));
	assert_non_null(strstr(text, "  ISRG Root X1, until 2035-06-04\n"));
	assert_non_null(strstr(text, "  GTS Root R1, until 2036-06-22\n"));
	assert_non_null(strstr(text, "  DigiCert Global Root G2, until 2038-01-15\n"));
}

/* Verifies a built-in CA certificate with the key that the table has for it, at the time of the list. */
static int
verifies(const struct roots *r, struct der one, const char **error)
{
	static char	text[sizeof(((struct verify *)NULL)->error)];
	struct verify	v;
	int		ok;

	verify_init(&v, VERIFY_CHAIN, r, NULL);
	v.now = roots_date();
	v.vtable->start_chain(&v.vtable, NULL);
	v.vtable->start_cert(&v.vtable, (uint32_t)one.len);
	v.vtable->append(&v.vtable, one.p, one.len);
	v.vtable->end_cert(&v.vtable);
	ok = v.vtable->end_chain(&v.vtable) == 0;
	memcpy(text, v.error, sizeof(text));
	*error = text;
	verify_free(&v);

	return (ok);
}

/* CA certificates with a current signature algorithm verify themselves; the others are refused for an obsolete hash. */
static void
authorities_verify_themselves(void **state)
{
	struct der	rest = { roots_der, (size_t)(roots_der_end - roots_der) }, content, one;
	const char	*error;
	uint8_t		tag;
	int		believed = 0, old = 0;

	(void)state;
	assert_null(conf_load());
	assert_null(roots_load());
	assert_int_equal(roots_all()->count, 150);
	assert_null(roots_database());
	while (der_next(&rest, &tag, &content, &one)) {
		if (verifies(roots_all(), one, &error))
			believed++;
		else if (strstr(error, "MD5 or SHA-1") != NULL)
			old++;
		else
			fail_msg("%s", error);
	}
	assert_int_equal(believed + old, 150);
	assert_true(believed > 100);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(pem), cmocka_unit_test(hosts), cmocka_unit_test(der), cmocka_unit_test(authorities),
		cmocka_unit_test(authorities_verify_themselves)
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
