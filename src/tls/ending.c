/*
 * A small table of certificates with the day on which each was last logged, in
 * memory that the workers share. Nothing is locked: a race logs a line twice.
 */
#include <sys/mman.h>

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/log.h"
#include "tls/ending.h"

#define DAY_SEC	86400
#define SLOTS	64	/* certificates; those beyond are not logged */

struct slot {
	atomic_uint_least64_t	key;	/* hash of host and end; 0: free */
	atomic_int_least64_t	day;	/* since 1970, of the last line */
};

static struct slot	own[SLOTS], *slots = own;
static ending_report	report = NULL;

void
ending_init(void)
{
	void	*shared = mmap(NULL, sizeof(own), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared != MAP_FAILED)
		slots = shared;
}

void
ending_report_set(ending_report fn)
{
	report = fn;
}

static uint64_t
key_of(const char *host, int64_t until)
{
	uint64_t	hash = 14695981039346656037u ^ (uint64_t)until;	/* FNV-1a */

	for (; *host != '\0'; host++)
		hash = (hash ^ (unsigned char)*host) * 1099511628211u;

	return (hash | 1);
}

/* Returns 1 if the certificate has not been logged on this day, and notes that it has. */
static int
day_begins(uint64_t key, int64_t day)
{
	uint_least64_t	found;
	size_t		i;

	for (i = 0; i < SLOTS; i++) {
		found = 0;
		if (atomic_compare_exchange_strong(&slots[i].key, &found, key) || found == key)
			return (atomic_exchange(&slots[i].day, day) != day);
	}

	return (0);
}

void
ending_check(const char *host, int64_t until, int64_t now)
{
	char		text[32];
	struct tm	tm;
	time_t		end = (time_t)until;

	if (until - now >= (int64_t)ENDING_DAYS * DAY_SEC || gmtime_r(&end, &tm) == NULL)
		return;
	(void)strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	if (report != NULL)
		report(host, text);
	else if (day_begins(key_of(host, until), now / DAY_SEC))
		log_event(LOG_LEVEL_WARN, "the certificate of a server ends soon; renew it there", LOG_S("host", host), LOG_S("until", text));
}
