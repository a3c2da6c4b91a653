/*
 * Limits of what one film may cost: memory, processor time and length of the
 * renditions. A small file can claim tables of any size, and FFmpeg builds many of
 * them in one call, so a thread watches what the process uses meanwhile. When a
 * limit is reached, it lets every allocation and read of FFmpeg fail, so that the
 * call returns soon and frees what it had. If it computes on nevertheless, the
 * process has to end: see media_on_stuck().
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libavutil/mem.h>
#include <libavutil/pixdesc.h>

#include "base/memory.h"
#include "media/internal.h"

#define ALLOC_MAX		(512u << 20)	/* bytes in one allocation of FFmpeg */
#define LOOK_MS			20
#define MEGABYTE		(1 << 20)
#define OPEN_MEMORY		(256LL << 20)	/* for the tables of the tracks, beside a quarter of the file's size */
#define TABLES_MAX		(2LL << 30)
#define PROBE_MEMORY		(768LL << 20)	/* for the packets and frames by which the tracks are detected */
#define RUN_MEMORY		(1LL << 30)
#define RUN_MEMORY_TRACK	(64LL << 20)	/* for each audio track but the first: sound that waits, and parts of its objects, */
#define RUN_MEMORY_SURROUND	(160LL << 20)	/* and for 5.1 of each track */
#define RUN_MEMORY_PIXEL	400		/* bytes for each pixel of a source frame: frames in decoder, queues and encoders */
#define SHARE_OF_LIMIT		0.85		/* of the memory of the container or machine, */
#define SHARE_MIN		(64LL << 20)	/* and at least so much for a film */

/* Expected needs of a film: bytes, frames of the source, and frames that each encoder holds. Measured, and rounded up. */
#define FIT_MEMORY		(64 << 20)
#define FIT_TRACK		(24 << 20)	/* for each audio track but the first: parts of its objects, and the same for 5.1 of each track */
#define FRAME_PIXEL		1.5		/* bytes for each pixel of a frame of unknown format */
#define FIT_FRAMES		22		/* in decoder and filters, beside those of threads and queues */
#define FIT_ENCODED_PIXEL	3.0		/* bytes */
#define FIT_ENCODED		25
#define FIT_ENCODED_THREAD	1.5		/* more for each thread */
#define FIT_WAITING_MIN		6

#define OPEN_CPU		60.0		/* seconds of processor time, and for each GiB of the file as much again */
#define RUN_CPU			120.0		/* seconds, and for each second of the film: */
#define RUN_CPU_SECOND		4.0
#define RUN_CPU_TRACK		0.5		/* for each audio track but the first, and for 5.1 of each track, */
#define RUN_CPU_PIXEL		33e-6		/* and for each pixel of a source frame */
#define STUCK_CPU		10.0		/* seconds of processor time after which a call that should end counts as stuck */
#define FREE_SECONDS		600.0		/* of a film of any size */
#define SECONDS_PER_BYTE	0.05		/* more: 160 bit/s */

#define REPEATS			4		/* times that a film may read its file, by edits that show the same again and again, */
#define FREE_BYTES		(64LL << 20)	/* and so many bytes more */

#if defined(UNSANDBOXED)
#define TEST_BUILD		4		/* sanitizers and valgrind take more of both */
#else
#define TEST_BUILD		1
#endif

static void	(*stuck)(const char *);

void
media_on_stuck(void (*call)(const char *text))
{
	stuck = call;
}

static double
cpu_seconds(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);

	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

static int64_t
table_memory(const struct media *m)
{
	int64_t	bytes = m->source.size / 4;

	return (bytes < TABLES_MAX ? bytes : TABLES_MAX);
}

/* Sets the limit of memory, at most the share that the container or machine allows. */
static void
memory_set(struct media_limits *l, int64_t memory)
{
	l->short_of = l->share != -1 && memory > l->share;
	atomic_store(&l->memory, l->short_of ? l->share : memory);
}

/* Sets the limits for the part of the work that begins; the memory is that beside what the process used before the film. */
static void
limits_set(struct media_limits *l, int64_t memory, double cpu)
{
	memory_set(l, memory * TEST_BUILD);
	l->cpu_base = cpu_seconds();
	atomic_store(&l->cpu, (int64_t)((l->cpu_base + cpu * TEST_BUILD) * 1000));
}

static void
limit_reached(struct media_limits *l, const char *fmt, long long n)
{
	snprintf(l->text, sizeof(l->text), fmt, n);
	l->cpu_reached = cpu_seconds();
	atomic_store(&l->reached, 1);
	av_max_alloc(1);
}

static void
limits_look(struct media_limits *l)
{
	double		cpu = cpu_seconds();
	long long	used = memory_used() - l->used, memory = atomic_load(&l->memory);

	if (atomic_load(&l->reached)) {
		if (stuck != NULL && cpu > l->cpu_reached + STUCK_CPU * TEST_BUILD && !l->told) {
			l->told = 1;
			stuck(l->text);
		}
	} else if (used > memory && l->short_of) {
		l->lacking = 1;
		limit_reached(l, "The transcode worker has too little memory for this film: the limit of its container or machine is %lld MB.",
		    l->limit / MEGABYTE);
	} else if (used > memory) {
		limit_reached(l, "The film needs too much memory: the limit for it is %lld MB.", memory / MEGABYTE);
	} else if (cpu * 1000 > (double)atomic_load(&l->cpu)) {
		limit_reached(l, l->running ? "The film takes too much processor time: the limit for what was read of it is %lld seconds." :
		    "The file takes too much processor time to be opened: the limit is %lld seconds.",
		    llround((double)atomic_load(&l->cpu) / 1000 - l->cpu_base));
	}
}

static void *
limits_run(void *arg)
{
	struct media_limits	*l = arg;
	struct timespec		until;

	pthread_mutex_lock(&l->lock);
	while (!l->ended) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += LOOK_MS * 1000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		if (pthread_cond_timedwait(&l->changed, &l->lock, &until) == ETIMEDOUT)
			limits_look(l);
	}
	pthread_mutex_unlock(&l->lock);

	return (NULL);
}

int
media_limits_begin(struct media *m)
{
	struct media_limits	*l = &m->limits;
	long long		limit = memory_limit(), machine = memory_machine();

	if (machine != -1 && (limit == -1 || machine < limit))
		limit = machine;
	l->used = memory_used();
	l->limit = limit;
	l->share = limit == -1 ? -1 : FFMAX((int64_t)((double)limit * SHARE_OF_LIMIT) - l->used, SHARE_MIN);
	l->frames_max = INT64_MAX;
	limits_set(l, OPEN_MEMORY + table_memory(m), OPEN_CPU * (1 + (double)m->source.size / (1 << 30)));
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->changed, NULL);
	av_max_alloc(ALLOC_MAX);

	return (l->running_thread = pthread_create(&l->thread, NULL, limits_run, l) == 0);
}

void
media_limits_probe(struct media *m)
{
	struct media_limits	*l = &m->limits;

	pthread_mutex_lock(&l->lock);
	memory_set(l, (OPEN_MEMORY + table_memory(m) + PROBE_MEMORY) * TEST_BUILD);
	pthread_mutex_unlock(&l->lock);
}

/* Returns the number of tracks with 5.1. */
static int
surrounds(const struct media *m)
{
	int	i, n = 0;

	for (i = 0; i < m->ntracks; i++)
		n += m->tracks[i].surround;

	return (n);
}

void
media_limits_transcode(struct media *m)
{
	struct media_limits	*l = &m->limits;
	double			pixels = fmin((double)m->info.width * m->info.height, MEDIA_MAX_PIXELS), rate = (double)m->info.fps_num / m->info.fps_den;
	double			seconds = FREE_SECONDS + (double)m->source.size * SECONDS_PER_BYTE;
	int			others = FFMAX(m->ntracks - 1, 0), wide = surrounds(m);

	pthread_mutex_lock(&l->lock);
	l->running = 1;
	l->cpu_frame = (RUN_CPU_SECOND + RUN_CPU_TRACK * (others + wide) + RUN_CPU_PIXEL * pixels) / rate * TEST_BUILD;
	l->bytes_max = REPEATS * m->source.size + FREE_BYTES;
	l->frames_max = (int64_t)(fmin(seconds, MEDIA_MAX_SECONDS) * rate);
	limits_set(l, RUN_MEMORY + RUN_MEMORY_TRACK * others + RUN_MEMORY_SURROUND * wide + (int64_t)(RUN_MEMORY_PIXEL * pixels) + table_memory(m), RUN_CPU);
	pthread_mutex_unlock(&l->lock);
}

/* Returns the memory in bytes that a film is expected to take. */
static double
memory_expected(const struct media *m, double encoded, int threads, int waiting)
{
	const AVPixFmtDescriptor	*format = av_pix_fmt_desc_get(m->format->streams[m->video]->codecpar->format);
	double				frame = (double)m->info.width * m->info.height * (format != NULL ? av_get_padded_bits_per_pixel(format) / 8.0 : FRAME_PIXEL);
	double				tracks = FIT_TRACK * (double)(FFMAX(m->ntracks - 1, 0) + surrounds(m));

	return (FIT_MEMORY + tracks + frame * (FIT_FRAMES + threads + waiting) + encoded * FIT_ENCODED_PIXEL * (FIT_ENCODED + FIT_ENCODED_THREAD * threads));
}

void
media_limits_fit(const struct media *m, const struct media_step *steps, int nsteps, int *threads, int *waiting)
{
	double	encoded = 0;
	int	i;

	for (i = 0; i < nsteps; i++)
		encoded += (double)steps[i].width * steps[i].height;
	while (m->limits.share != -1 && memory_expected(m, encoded, *threads, *waiting) > (double)m->limits.share) {
		if (*waiting > FIT_WAITING_MIN)
			(*waiting)--;
		else if (*threads > 1)
			(*threads)--;
		else
			break;
	}
}

int
media_limits_frame(struct media *m)
{
	struct media_limits	*l = &m->limits;
	double			rate = (double)m->info.fps_num / m->info.fps_den;

	atomic_fetch_add(&l->cpu, (int64_t)(l->cpu_frame * 1000));
	if (++l->frames <= l->frames_max || atomic_load(&l->reached))
		return (!atomic_load(&l->reached));
	pthread_mutex_lock(&l->lock);
	if (!atomic_load(&l->reached) && (double)l->frames_max >= (MEDIA_MAX_SECONDS - 1) * rate)
		limit_reached(l, "The film is too long: the maximum is %lld hours.", MEDIA_MAX_SECONDS / 3600);
	else if (!atomic_load(&l->reached))
		limit_reached(l, "The film would be too long for the size of its file: the limit for it is %lld seconds.",
		    llround((double)l->frames_max / rate));
	pthread_mutex_unlock(&l->lock);

	return (0);
}

int
media_limits_packet(struct media *m, const AVPacket *p)
{
	struct media_limits	*l = &m->limits;

	l->bytes += p->size;
	if (l->bytes <= l->bytes_max || atomic_load(&l->reached))
		return (!atomic_load(&l->reached));
	pthread_mutex_lock(&l->lock);
	if (!atomic_load(&l->reached))
		limit_reached(l, "The film shows parts of its file again and again (edit list): the limit is %lld MB of data.", l->bytes_max / MEGABYTE);
	pthread_mutex_unlock(&l->lock);

	return (0);
}

int
media_limits_reached(const struct media *m)
{
	return (atomic_load(&m->limits.reached));
}

int
media_limits_fail(const struct media *m, struct media_error *error)
{
	memset(error, 0, sizeof(*error));

	return (media_fail(error, m->limits.lacking ? MEDIA_MEMORY_LIMIT : MEDIA_TOO_LARGE, "%s", m->limits.text));
}

void
media_limits_end(struct media *m)
{
	struct media_limits	*l = &m->limits;

	if (!l->running_thread)
		return;
	pthread_mutex_lock(&l->lock);
	l->ended = 1;
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
	pthread_join(l->thread, NULL);
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->changed);
	av_max_alloc(ALLOC_MAX);
}
