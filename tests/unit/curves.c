/*
 * X25519 against the examples of RFC 7748 and, on many inputs, against
 * BearSSL.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tls/curves.h"

#define ROUNDS	1000		/* of the example of RFC 7748, and of random inputs */

static int	rounds = ROUNDS;	/* fewer if the environment has ROUNDS */

static void
bytes_of(const char *hex, unsigned char out[32])
{
	unsigned int	v;
	int		i;

	for (i = 0; i < 32; i++) {
		sscanf(hex + 2 * i, "%2x", &v);
		out[i] = (unsigned char)v;
	}
}

static void
expect(const unsigned char got[32], const char *hex)
{
	unsigned char	want[32];

	bytes_of(hex, want);
	assert_memory_equal(got, want, 32);
}

/* RFC 7748 §5.2. */
static void
examples(void **state)
{
	unsigned char	k[32], u[32];

	(void)state;
	bytes_of("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", k);
	bytes_of("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c", u);
	assert_int_equal(curves.mul(u, 32, k, 32, BR_EC_curve25519), 1);
	expect(u, "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
	bytes_of("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d", k);
	bytes_of("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493", u);
	assert_int_equal(curves.mul(u, 32, k, 32, BR_EC_curve25519), 1);
	expect(u, "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
}

/* RFC 7748 §5.2: k and u become k(u) and k, repeatedly. */
static void
iterated(void **state)
{
	unsigned char	k[32] = { 9 }, u[32] = { 9 }, was[32];
	int		i;

	(void)state;
	for (i = 1; i <= rounds; i++) {
		memcpy(was, k, 32);
		assert_int_equal(curves.mul(u, 32, k, 32, BR_EC_curve25519), 1);
		memcpy(k, u, 32);
		memcpy(u, was, 32);
		if (i == 1)
			expect(k, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
	}
	if (rounds == ROUNDS)
		expect(k, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

static void
same(const unsigned char *k, size_t len, const unsigned char u[32])
{
	unsigned char	a[32], b[32];

	memcpy(a, u, 32);
	memcpy(b, u, 32);
	assert_int_equal(curves.mul(a, 32, k, len, BR_EC_curve25519), br_ec_c25519_m31.mul(b, 32, k, len, BR_EC_curve25519));
	assert_memory_equal(a, b, 32);
}

static void
agrees_with_bearssl(void **state)
{
	/* 0, 1, points of small order, p and its neighbours, all ones. */
	static const char	*odd[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000800000000000040000000000000020000000000100000000000",
	};
	br_hmac_drbg_context	rng;
	unsigned char		k[32], u[32], a[32], b[32];
	size_t			i, j, n;

	(void)state;
	n = (size_t)rounds;
	br_hmac_drbg_init(&rng, &br_sha256_vtable, "curves", 6);
	for (i = 0; i < LENGTH(odd); i++) {
		bytes_of(odd[i], u);
		for (j = 0; j < LENGTH(odd); j++) {
			bytes_of(odd[j], k);
			same(k, 32, u);
		}
		br_hmac_drbg_generate(&rng, k, 32);
		same(k, 32, u);
	}
	for (i = 0; i < n; i++) {
		br_hmac_drbg_generate(&rng, k, 32);
		br_hmac_drbg_generate(&rng, u, 32);
		/* Long runs of equal bits, for long carries. */
		for (j = 0; i % 3 != 0 && j < 32; j++)
			u[j] = i % 3 == 1 ? u[j] | (j % 7 ? 0xff : 0) : u[j] & (j % 5 ? 0 : 0xff);
		same(k, i % 33, u);
		same(k, 32, u);
		assert_int_equal(curves.mulgen(a, k, 32, BR_EC_curve25519), 32);
		assert_int_equal(br_ec_c25519_m31.mulgen(b, k, 32, BR_EC_curve25519), 32);
		assert_memory_equal(a, b, 32);
	}
	assert_int_equal(curves.mul(u, 31, k, 32, BR_EC_curve25519), 0);
	assert_int_equal(curves.mul(u, 32, k, 33, BR_EC_curve25519), 0);
}

int
main(void)
{
	const char		*fewer = getenv("ROUNDS");
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(examples), cmocka_unit_test(iterated), cmocka_unit_test(agrees_with_bearssl),
	};

	if (fewer != NULL)
		rounds = atoi(fewer);

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
