/*
 * Shared memory with one row per worker.
 */
#include <sys/mman.h>

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#include "base/activity.h"
#include "base/counter.h"

struct row {
	_Atomic(const char *)	method, path;
	_Atomic int64_t		job;
	char			death[160];	/* of the last worker with this number; written by the parent before it starts the next one */
	int			out_of_memory;
};

static struct row	*rows = NULL, *own = NULL;

void
activity_init(void)
{
	rows = mmap(NULL, COUNTER_ROWS * sizeof(*rows), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (rows == MAP_FAILED)
		rows = NULL;
}

void
activity_start(int worker)
{
	if (rows == NULL || worker < 0 || worker >= COUNTER_ROWS)
		return;
	own = &rows[worker];
	activity_clear();
	activity_job(0);
}

void
activity_set(const char *method, const char *path)
{
	if (own == NULL)
		return;
	atomic_store_explicit(&own->method, method, memory_order_relaxed);
	atomic_store_explicit(&own->path, path, memory_order_relaxed);
}

void
activity_clear(void)
{
	activity_set(NULL, NULL);
}

void
activity_job(int64_t number)
{
	if (own != NULL)
		atomic_store_explicit(&own->job, number, memory_order_relaxed);
}

struct activity
activity_of(int worker)
{
	struct activity	a = { 0 };

	if (rows == NULL || worker < 0 || worker >= COUNTER_ROWS)
		return (a);
	a.path = atomic_load_explicit(&rows[worker].path, memory_order_relaxed);
	a.method = atomic_load_explicit(&rows[worker].method, memory_order_relaxed);
	a.job = atomic_load_explicit(&rows[worker].job, memory_order_relaxed);

	return (a);
}

void
activity_death(int worker, const char *text, int out_of_memory)
{
	if (rows == NULL || worker < 0 || worker >= COUNTER_ROWS)
		return;
	snprintf(rows[worker].death, sizeof(rows[worker].death), "%s", text);
	rows[worker].out_of_memory = out_of_memory;
}

const char *
activity_predecessor(int *out_of_memory)
{
	*out_of_memory = own != NULL && own->out_of_memory;

	return (own != NULL ? own->death : "");
}
