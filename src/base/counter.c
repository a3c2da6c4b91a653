/*
 * Shared memory with one row per process.
 */
#include <sys/mman.h>

#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include "base/counter.h"

typedef _Atomic int64_t	row[COUNTER_COUNT];

static row	*rows = NULL, *own = NULL;

static const int64_t	limits_us[COUNTER_BUCKETS - 1] = { 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 500000, 2000000 };	/* the last bucket has none */

void
counter_init(void)
{
	rows = mmap(NULL, COUNTER_ROWS * sizeof(row), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (rows == MAP_FAILED)
		rows = NULL;
}

void
counter_start(int number)
{
	int	i;

	if (rows == NULL || number < 0 || number >= COUNTER_ROWS)
		return;
	own = &rows[number];
	for (i = COUNTER_GAUGES; i < COUNTER_COUNT; i++)
		atomic_store_explicit(&(*own)[i], 0, memory_order_relaxed);
}

void
counter_add(enum counter c, int64_t n)
{
	if (own != NULL)
		atomic_fetch_add_explicit(&(*own)[c], n, memory_order_relaxed);
}

void
counter_set(enum counter c, int64_t n)
{
	if (own != NULL)
		atomic_store_explicit(&(*own)[c], n, memory_order_relaxed);
}

int64_t
counter_clock(void)
{
	struct timespec	ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return ((int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

void
counter_time(enum counter histogram, int64_t since)
{
	int64_t	us = counter_clock() - since;
	int	i;

	for (i = 0; i < COUNTER_BUCKETS - 1 && us > limits_us[i]; i++)
		;
	counter_add(histogram + (enum counter)i, 1);
}

void
counter_raise(enum counter c, int64_t n)
{
	if (own != NULL && n > atomic_load_explicit(&(*own)[c], memory_order_relaxed))
		atomic_store_explicit(&(*own)[c], n, memory_order_relaxed);
}

int64_t
counter_sum(enum counter c)
{
	int64_t	sum = 0;
	int	i;

	for (i = 0; rows != NULL && i < COUNTER_ROWS; i++)
		sum += atomic_load_explicit(&rows[i][c], memory_order_relaxed);

	return (sum);
}

int64_t
counter_max(enum counter c)
{
	int64_t	n, max = 0;
	int	i;

	for (i = 0; rows != NULL && i < COUNTER_ROWS; i++) {
		if ((n = atomic_load_explicit(&rows[i][c], memory_order_relaxed)) > max)
			max = n;
	}

	return (max);
}
