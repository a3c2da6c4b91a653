/*
 * Transcoding of one film, or of an audio track for one, from object storage to object storage: the work of a
 * transcode worker between claim and publication. Uses no database.
 */
#ifndef WANZAMI_FILM_H
#define WANZAMI_FILM_H

#include "media/media.h"

struct film_order {
	const char	*job_id;	/* id of the upload's row and of the transcode job */
	const char	*source_key;
	unsigned	renditions;	/* bits 1u << enum media_rung; 0 for an audio track, */
	const char	*track;		/* whose job is described by this JSON object (sql/functions/queue/track_fit.sql); NULL for a film */

	/* Callbacks, called on the thread of film_run() unless the comment says otherwise. */
	void		*ctx;
	/* Records the object keys that film_run() is going to write, a JSON array. Returns 0 when they are recorded; non-zero ends the run. */
	int		(*plan)(void *ctx, const char *keys);
	/* Takes the progress as JSON (store/queue.h), at most five times a second. */
	void		(*progress)(void *ctx, const char *json);
	/* Called after each read, encoded or stored piece, for stall detection. Any thread. */
	void		(*alive)(void *ctx);
	/* Returns 1 if the run has to end without a result. Any thread. */
	int		(*canceled)(void *ctx);
};

struct film_outcome {
	char	*renditions;		/* renditions and tracks of text as JSON for sql/query/queue/finish.sql, freed by the caller; NULL on failure */
	char	*notes;			/* notes on the film as a JSON array of texts, freed by the caller; NULL if there are none */
	int	retry;		/* 1 if another attempt may succeed */
	int	memory;		/* 1 if the memory limit of the worker was reached, which is not the film's fault */
	char	reason[512];	/* reason of the failure, for the person who uploaded the film */
	char	detail[256];	/* for the log; may be empty */
};

/*
 * Transcodes a film; blocks until it ends. Call on a thread that has signals
 * blocked. After a failure, finished objects and open multipart uploads stay in
 * object storage; the job store-cleanup removes them, because plan() has
 * recorded their keys.
 */
void	film_run(const struct film_order *, struct film_outcome *);

#endif
