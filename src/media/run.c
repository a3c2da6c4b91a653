/*
 * Reading of a source that is transcoded: cancellation, progress and limits. See
 * run.h.
 */
#include <math.h>

#include "base/cgroup.h"
#include "media/run.h"

#define REPORT_MS	200

int
media_run_memory(const struct media_run *r)
{
	return (media_fail(r->error, MEDIA_MEMORY, "Out of memory."));
}

static double
seconds_since(const struct timespec *t)
{
	struct timespec	now;

	clock_gettime(CLOCK_MONOTONIC, &now);

	return ((double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9);
}

double
media_run_seconds(const struct media_run *r)
{
	return (seconds_since(&r->began));
}

void
media_run_begin(struct media_run *r)
{
	clock_gettime(CLOCK_MONOTONIC, &r->began);
	r->threads = r->options != NULL && r->options->threads > 0 ? r->options->threads : cgroup_cpus();
	media_limits_transcode(r->m);
	if (r->watch != NULL) {
		r->m->canceled = r->watch->canceled;
		r->m->cancel_ctx = r->watch->ctx;
	}
}

static void
progress_report(struct media_run *r, int finished)
{
	struct media_progress	p = { .duration = r->m->info.duration };

	r->progress(r->ctx, &p);
	if (p.duration > 0)
		p.percent = fmin(99.9, 100 * p.seconds / p.duration);
	if (finished)
		p.percent = 100;
	r->watch->progress(r->watch->ctx, &p);
}

int
media_run_check(struct media_run *r)
{
	if (media_limits_reached(r->m))
		return (media_limits_fail(r->m, r->error));
	if (r->watch == NULL || seconds_since(&r->reported) * 1000 < REPORT_MS)
		return (MEDIA_OK);
	clock_gettime(CLOCK_MONOTONIC, &r->reported);
	if (r->watch->canceled != NULL && r->watch->canceled(r->watch->ctx))
		return (media_fail(r->error, MEDIA_CANCELED, "The transcode was canceled."));
	if (r->watch->progress != NULL)
		progress_report(r, 0);

	return (MEDIA_OK);
}

/* Refuses what would take too long, and what is encrypted. */
static int
packet_check(const struct media_run *r, const AVPacket *p)
{
	if (!media_limits_packet(r->m, p))
		return (media_limits_fail(r->m, r->error));

	return (media_subtitles_uses(r->m, p->stream_index) || media_audio_follows(r->m, p->stream_index) ? MEDIA_OK : media_encryption_check(p, r->error));
}

int
media_run_read(struct media_run *r, int (*packet)(void *ctx, AVPacket *))
{
	AVPacket	*p = av_packet_alloc();
	int		status = MEDIA_OK, got = 0;

	if (p == NULL)
		return (media_run_memory(r));
	while (status == MEDIA_OK && (status = media_run_check(r)) == MEDIA_OK && (got = media_clock_read(r->m, p)) >= 0) {
		if ((status = packet_check(r, p)) == MEDIA_OK)
			status = packet(r->ctx, p);
		av_packet_unref(p);
	}
	av_packet_free(&p);
	if (status == MEDIA_OK && got == AVERROR_EXIT)
		status = media_fail(r->error, MEDIA_CANCELED, "The transcode was canceled.");
	if (status == MEDIA_OK && r->m->source_failed)
		status = media_fail(r->error, MEDIA_SOURCE, "The source file could not be read.");

	return (status);
}

int
media_run_complete(const struct media_run *r)
{
	double	stated, found;

	if (!media_clock_complete(r->m, &stated, &found))
		return (media_fail(r->error, MEDIA_TRUNCATED, "The file is incomplete: its header states %.0f seconds, but its data ends after %.0f seconds.",
		    stated, found));
	media_clock_note(r->m);

	return (MEDIA_OK);
}

int
media_run_end(struct media_run *r, int status)
{
	if (status != MEDIA_OK)
		status = media_fail(r->error, MEDIA_CANCELED, "The transcode was canceled.");
	if (status == MEDIA_DAMAGED)
		status = media_scrambled_check(r->m, r->error);
	if (media_limits_reached(r->m))
		status = media_limits_fail(r->m, r->error);
	if (status == MEDIA_OK && r->watch != NULL && r->watch->progress != NULL)
		progress_report(r, 1);
	r->m->canceled = NULL;

	return (status);
}
