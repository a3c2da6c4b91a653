/*
 * X25519 (RFC 7748 §5) with numbers modulo p = 2^255 - 19 in five limbs of 51
 * bits. No branch and no index depends on a secret.
 *
 * Limb sizes: a "small" number has limbs below 2^51 + 2^16; products are small.
 * Sums and differences of small numbers have limbs below 2^53, the maximum for
 * operands of a product.
 */
#include <string.h>

#include "tls/curves.h"

typedef unsigned __int128	wide;

#define LIMBS	5
#define BITS	51
#define MASK	((1ull << BITS) - 1)
#define A24	121665	/* (486662 - 2) / 4 */
#define BYTES	32

struct number {
	uint64_t	limb[LIMBS];
};

static uint64_t
load(const unsigned char *p)
{
	uint64_t	v = 0;
	int		i;

	for (i = 7; i >= 0; i--)
		v = v << 8 | p[i];

	return (v);
}

static void
store(unsigned char *p, uint64_t v)
{
	int	i;

	for (i = 0; i < 8; i++, v >>= 8)
		p[i] = (unsigned char)v;
}

/* Reads a coordinate; the highest bit is ignored (RFC 7748 §5). */
static struct number
number_read(const unsigned char in[BYTES])
{
	return ((struct number){ {
		load(in) & MASK, load(in + 6) >> 3 & MASK, load(in + 12) >> 6 & MASK, load(in + 19) >> 1 & MASK, load(in + 24) >> 12 & MASK } });
}

/* Unrolled, here and below, so that the limbs stay in registers. */
static inline struct number
add(const struct number *x, const struct number *y)
{
	const uint64_t	*a = x->limb, *b = y->limb;

	return ((struct number){ { a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4] } });
}

/* Subtracts small numbers. Adds 2p so that no limb becomes negative. */
static inline struct number
subtract(const struct number *x, const struct number *y)
{
	const uint64_t	*a = x->limb, *b = y->limb;

	return ((struct number){ { a[0] + (2 * MASK - 36) - b[0], a[1] + 2 * MASK - b[1], a[2] + 2 * MASK - b[2], a[3] + 2 * MASK - b[3],
	    a[4] + 2 * MASK - b[4] } });
}

/* Reduces a product with wide limbs to a small number. */
static inline struct number
carry(wide t0, wide t1, wide t2, wide t3, wide t4)
{
	wide	top;

	t1 += (uint64_t)(t0 >> BITS);
	t2 += (uint64_t)(t1 >> BITS);
	t3 += (uint64_t)(t2 >> BITS);
	t4 += (uint64_t)(t3 >> BITS);
	top = (wide)(uint64_t)(t4 >> BITS) * 19 + ((uint64_t)t0 & MASK);	/* 2^255 = 19 mod p */

	return ((struct number){ { (uint64_t)top & MASK, ((uint64_t)t1 & MASK) + (uint64_t)(top >> BITS), (uint64_t)t2 & MASK,
	    (uint64_t)t3 & MASK, (uint64_t)t4 & MASK } });
}

static inline struct number
multiply(const struct number *x, const struct number *y)
{
	uint64_t	a0 = x->limb[0], a1 = x->limb[1], a2 = x->limb[2], a3 = x->limb[3], a4 = x->limb[4];
	uint64_t	b0 = y->limb[0], b1 = y->limb[1], b2 = y->limb[2], b3 = y->limb[3], b4 = y->limb[4];
	uint64_t	c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;

	return (carry((wide)a0 * b0 + (wide)a1 * c4 + (wide)a2 * c3 + (wide)a3 * c2 + (wide)a4 * c1,
	    (wide)a0 * b1 + (wide)a1 * b0 + (wide)a2 * c4 + (wide)a3 * c3 + (wide)a4 * c2,
	    (wide)a0 * b2 + (wide)a1 * b1 + (wide)a2 * b0 + (wide)a3 * c4 + (wide)a4 * c3,
	    (wide)a0 * b3 + (wide)a1 * b2 + (wide)a2 * b1 + (wide)a3 * b0 + (wide)a4 * c4,
	    (wide)a0 * b4 + (wide)a1 * b3 + (wide)a2 * b2 + (wide)a3 * b1 + (wide)a4 * b0));
}

static inline struct number
square(const struct number *x)
{
	uint64_t	a0 = x->limb[0], a1 = x->limb[1], a2 = x->limb[2], a3 = x->limb[3], a4 = x->limb[4];
	uint64_t	d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2, c3 = 19 * a3, c4 = 19 * a4;

	return (carry((wide)a0 * a0 + (wide)d1 * c4 + (wide)d2 * c3,
	    (wide)d0 * a1 + (wide)d2 * c4 + (wide)a3 * c3,
	    (wide)d0 * a2 + (wide)a1 * a1 + (wide)(2 * a3) * c4,
	    (wide)d0 * a3 + (wide)d1 * a2 + (wide)a4 * c4,
	    (wide)d0 * a4 + (wide)d1 * a3 + (wide)a2 * a2));
}

static inline struct number
multiply_a24(const struct number *x)
{
	const uint64_t	*a = x->limb;

	return (carry((wide)a[0] * A24, (wide)a[1] * A24, (wide)a[2] * A24, (wide)a[3] * A24, (wide)a[4] * A24));
}

/* Returns a^(2^times). */
static struct number
squares(const struct number *a, int times)
{
	struct number	r = square(a);

	while (--times > 0)
		r = square(&r);

	return (r);
}

/* Returns a^(p - 2), p - 2 = 2^255 - 21. onesN holds a^(2^N - 1). */
static struct number
invert(const struct number *a)
{
	struct number	a2 = squares(a, 1), t = squares(&a2, 2), a9 = multiply(&t, a), a11 = multiply(&a9, &a2);
	struct number	ones5, ones10, ones20, ones40, ones50, ones100, ones200;

	t = squares(&a11, 1);
	ones5 = multiply(&t, &a9);
	t = squares(&ones5, 5);
	ones10 = multiply(&t, &ones5);
	t = squares(&ones10, 10);
	ones20 = multiply(&t, &ones10);
	t = squares(&ones20, 20);
	ones40 = multiply(&t, &ones20);
	t = squares(&ones40, 10);
	ones50 = multiply(&t, &ones10);
	t = squares(&ones50, 50);
	ones100 = multiply(&t, &ones50);
	t = squares(&ones100, 100);
	ones200 = multiply(&t, &ones100);
	t = squares(&ones200, 50);
	t = multiply(&t, &ones50);
	t = squares(&t, 5);

	return (multiply(&t, &a11));
}

/* Writes a small number in its canonical form, reduced below p. */
static void
number_write(unsigned char out[BYTES], const struct number *a)
{
	struct number	r = *a;
	uint64_t	q, *v = r.limb;
	int		i, round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < LIMBS - 1; i++) {
			v[i + 1] += v[i] >> BITS;
			v[i] &= MASK;
		}
		v[0] += 19 * (v[4] >> BITS);
		v[4] &= MASK;
	}
	/* q is 1 if the number is p or more: adding 19 then carries out of the top limb. */
	q = (v[0] + 19) >> BITS;
	for (i = 1; i < LIMBS; i++)
		q = (v[i] + q) >> BITS;
	v[0] += 19 * q;
	for (i = 0; i < LIMBS - 1; i++) {
		v[i + 1] += v[i] >> BITS;
		v[i] &= MASK;
	}
	v[4] &= MASK;
	store(out, v[0] | v[1] << 51);
	store(out + 8, v[1] >> 13 | v[2] << 38);
	store(out + 16, v[2] >> 26 | v[3] << 25);
	store(out + 24, v[3] >> 39 | v[4] << 12);
}

/* Swaps a and b if yes is 1; does nothing if it is 0. Constant time. */
static inline void
swap(struct number *a, struct number *b, uint64_t yes)
{
	uint64_t	mask = 0 - yes, x;
	int		i;

	for (i = 0; i < LIMBS; i++) {
		x = mask & (a->limb[i] ^ b->limb[i]);
		a->limb[i] ^= x;
		b->limb[i] ^= x;
	}
}

/* Does one step of the Montgomery ladder, with the variable names of RFC 7748 §5. */
static void
step(const struct number *x1, struct number *x2, struct number *z2, struct number *x3, struct number *z3)
{
	struct number	a = add(x2, z2), aa = square(&a), b = subtract(x2, z2), bb = square(&b), e = subtract(&aa, &bb);
	struct number	c = add(x3, z3), d = subtract(x3, z3), da = multiply(&d, &a), cb = multiply(&c, &b), t;

	t = add(&da, &cb);
	*x3 = square(&t);
	t = subtract(&da, &cb);
	t = square(&t);
	*z3 = multiply(x1, &t);
	*x2 = multiply(&aa, &bb);
	t = multiply_a24(&e);
	t = add(&aa, &t);
	*z2 = multiply(&e, &t);
}

static uint32_t
x25519(unsigned char *point, size_t len, const unsigned char *scalar, size_t scalar_len)
{
	struct number	x1, x2 = { { 1 } }, z2 = { { 0 } }, x3, z3 = { { 1 } };
	unsigned char	k[BYTES] = { 0 };
	uint64_t	swapped = 0, bit;
	int		i;

	if (len != BYTES || scalar_len > BYTES)
		return (0);
	memcpy(k, scalar, scalar_len);
	k[0] &= 0xf8;
	k[31] = (unsigned char)((k[31] & 0x7f) | 0x40);
	x1 = x3 = number_read(point);
	for (i = 254; i >= 0; i--) {
		bit = k[i / 8] >> i % 8 & 1;
		swap(&x2, &x3, swapped ^ bit);
		swap(&z2, &z3, swapped ^ bit);
		swapped = bit;
		step(&x1, &x2, &z2, &x3, &z3);
	}
	swap(&x2, &x3, swapped);
	swap(&z2, &z3, swapped);
	z2 = invert(&z2);
	x2 = multiply(&x2, &z2);
	number_write(point, &x2);
	explicit_bzero(k, sizeof(k));

	return (1);
}

static const unsigned char *
curve_generator(int curve, size_t *len)
{
	return (br_ec_all_m31.generator(curve, len));
}

static const unsigned char *
curve_order(int curve, size_t *len)
{
	return (br_ec_all_m31.order(curve, len));
}

static size_t
curve_xoff(int curve, size_t *len)
{
	return (br_ec_all_m31.xoff(curve, len));
}

static uint32_t
curve_mul(unsigned char *point, size_t len, const unsigned char *x, size_t x_len, int curve)
{
	if (curve == BR_EC_curve25519)
		return (x25519(point, len, x, x_len));

	return (br_ec_all_m31.mul(point, len, x, x_len, curve));
}

static size_t
curve_mulgen(unsigned char *point, const unsigned char *x, size_t x_len, int curve)
{
	if (curve != BR_EC_curve25519)
		return (br_ec_all_m31.mulgen(point, x, x_len, curve));
	memset(point, 0, BYTES);
	point[0] = 9;
	(void)x25519(point, BYTES, x, x_len);

	return (BYTES);
}

static uint32_t
curve_muladd(unsigned char *a, const unsigned char *b, size_t len, const unsigned char *x, size_t x_len, const unsigned char *y, size_t y_len, int curve)
{
	return (br_ec_all_m31.muladd(a, b, len, x, x_len, y, y_len, curve));
}

const br_ec_impl	curves = {
	1u << BR_EC_secp256r1 | 1u << BR_EC_secp384r1 | 1u << BR_EC_secp521r1 | 1u << BR_EC_curve25519,
	curve_generator, curve_order, curve_xoff, curve_mul, curve_mulgen, curve_muladd
};
