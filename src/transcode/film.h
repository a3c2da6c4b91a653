/*
 * One film from the object store back into the object store: what a transcode
 * worker does between claiming a job and publishing it. Knows no database.
 */
#ifndef WANZAMI_FILM_H
#define WANZAMI_FILM_H

#include "media/media.h"

struct film_order {
	const char	*job_id;	/* of the upload */
	const char	*source_key;
	unsigned	renditions;	/* 1u << MEDIA_R… */

	/* All are called on the thread of film_run unless said otherwise. */
	void		*ctx;
	/* The objects that will be written, as a JSON array: they must be written down before film_run goes on. Non-zero: do not. */
	int		(*plan)(void *ctx, const char *keys);
	/* How far it is, as JSON (store/queue.h); not often. */
	void		(*progress)(void *ctx, const char *json);
	/* Something was read, made or stored. Any thread. */
	void		(*alive)(void *ctx);
	/* Whether to end without result. Any thread. */
	int		(*canceled)(void *ctx);
};

struct film_outcome {
	char	*made;		/* for sql/query/queue/finish.sql, to be freed; NULL when it failed */
	int	again;		/* another attempt may succeed */
	char	why[512];	/* a sentence for the person who uploaded the film */
	char	detail[256];	/* for the log; may be empty */
};

/*
 * Blocks for as long as a film takes; on a thread of its own that has the
 * signals blocked. Objects of a film that failed stay as they are, begun or
 * finished: they were planned, so they are found and removed (jobs/trash.h).
 */
void	film_run(const struct film_order *, struct film_outcome *);

#endif
