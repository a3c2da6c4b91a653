/*
 * Direct-mapped cache: the first two bytes of the session ID select the slot,
 * and a newer session reslots the old one. There is no lock, which a killed
 * worker would never release. Each slot is a sequence lock instead: its number
 * is odd during a write, and a reader that sees an odd or changed number
 * reports a miss.
 */
#include <sys/mman.h>

#include <stdatomic.h>
#include <string.h>

#include <kore/kore.h>

#include "tls/session_cache.h"

#define SLOTS		8192		/* a power of 2; about 1 MB, allocated by the kernel as it is used */
#define LIFE_MS		3600000

struct slot {
	atomic_uint			number;
	u_int64_t			until;		/* by kore_time_ms(), the same clock in every worker */
	br_ssl_session_parameters	session;
};

static struct slot	*slots = NULL;

static struct slot *
slot_of(const unsigned char *id)
{
	return (&slots[(id[0] | (unsigned int)id[1] << 8) % SLOTS]);
}

static void
session_save(const br_ssl_session_cache_class **cache, br_ssl_server_context *sc, const br_ssl_session_parameters *s)
{
	struct slot	*p = slot_of(s->session_id);
	unsigned int	n = atomic_load(&p->number);

	(void)cache;
	(void)sc;
	if ((n & 1) || !atomic_compare_exchange_strong(&p->number, &n, n + 1))
		return;
	atomic_thread_fence(memory_order_release);	/* no reader sees a byte of the new session before the odd number */
	p->session = *s;
	p->until = kore_time_ms() + LIFE_MS;
	atomic_store(&p->number, n + 2);
}

static int
session_load(const br_ssl_session_cache_class **cache, br_ssl_server_context *sc, br_ssl_session_parameters *s)
{
	struct slot			*p = slot_of(s->session_id);
	unsigned int			n = atomic_load(&p->number);
	br_ssl_session_parameters	found;
	u_int64_t			until;
	int				ok;

	(void)cache;
	(void)sc;
	found = p->session;
	until = p->until;
	atomic_thread_fence(memory_order_acquire);
	ok = !(n & 1) && atomic_load(&p->number) == n && until > kore_time_ms() &&
	    found.session_id_len == s->session_id_len && !memcmp(found.session_id, s->session_id, sizeof(found.session_id));
	if (ok)
		*s = found;
	explicit_bzero(&found, sizeof(found));

	return (ok);
}

static const br_ssl_session_cache_class	class = { sizeof(const br_ssl_session_cache_class *), session_save, session_load };
static const br_ssl_session_cache_class	*cache = &class;

void
sessions_init(void)
{
	slots = mmap(NULL, SLOTS * sizeof(*slots), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (slots == MAP_FAILED)
		fatal("mmap: %s", errno_s);
}

const br_ssl_session_cache_class **
sessions_cache(void)
{
	return (&cache);
}
