/*
 * The parts that a film (transcode.c) and a file with sound alone (sound_file.c)
 * share while they are transcoded. Functions are called on the thread of
 * media_transcode(); those with a result of int return MEDIA_OK or the reason,
 * with the error set. See run.c.
 */
#ifndef WANZAMI_RUN_H
#define WANZAMI_RUN_H

#include <time.h>

#include "media/internal.h"

struct media_run {
	struct media			*m;
	const struct media_options	*options;	/* or NULL */
	const struct media_watch	*watch;		/* or NULL */
	struct media_error		*error;
	int				threads;	/* CPUs to use */
	void				*ctx;		/* of progress() and of packet() of media_run_read() */
	void				(*progress)(void *ctx, struct media_progress *);	/* fills everything but duration and percent */
	struct timespec			began, reported;
};

/* Begins: sets the limits, and lets the watch cancel what reads the source. The caller has set the fields before `threads`, and ctx and progress. */
void	media_run_begin(struct media_run *);
/* Returns the seconds since media_run_begin(). */
double	media_run_seconds(const struct media_run *);
/* Reports progress and checks for cancellation, at most five times a second. Checks the limits. */
int	media_run_check(struct media_run *);
/* Reads the source to its end and passes packets of the tracks in use on to packet(), until that fails. packet() may take what a packet holds. */
int	media_run_read(struct media_run *, int (*packet)(void *ctx, AVPacket *));
/* Fails a source that is shorter than its header states. */
int	media_run_complete(const struct media_run *);
/* Ends with the status so far: failures without error become a cancellation, a limit that is reached the reason. Reports the end. */
int	media_run_end(struct media_run *, int status);
/* Makes lack of memory the error. Returns MEDIA_MEMORY, or the reason of an earlier error. */
int	media_run_memory(const struct media_run *);

/* Transcodes a file with sound alone, as media_transcode(). See sound_file.c. */
int	media_sound_transcode(struct media_run *, const struct media_sink *, struct media_result *);

/*
 * The sounds of all audio tracks and the encoders of their audio objects. The first sound is that of the renditions: it decides how long
 * all are. See audio_set.c.
 */
struct media_audio_set;

/* Receiver of what the set makes. Functions return MEDIA_OK or the reason; each may be NULL. */
struct media_audio_sink {
	int	(*frame)(void *ctx, const AVFrame *);	/* samples of the first sound, before they are encoded, on the thread of the run */
	int	(*packet)(void *ctx, int object, const AVPacket *, struct media_error *);	/* encoded, on the thread of the encoder */
	void	*ctx;
};

/* The sink has the number `first` for the first object. Returns NULL, with the error set, if out of memory or AAC cannot be encoded. */
struct media_audio_set	*media_audio_set_new(struct media_run *, const struct media_sink *, int first, struct media_audio_sink);
/* Returns the encoder of the first object, NULL if there are no objects. */
const AVCodecContext	*media_audio_set_codec(const struct media_audio_set *);
/* Starts the encoders. */
int	media_audio_set_start(struct media_audio_set *);
/* Takes a packet, which the caller keeps. One of no audio track is ignored. */
int	media_audio_set_packet(struct media_audio_set *, const AVPacket *);
/* Tells the sounds the length of the video so far, in seconds. */
int	media_audio_set_follow(struct media_audio_set *, double seconds);
/* Ends the sounds; the video has this length in seconds. *length becomes that of the first sound, in samples. */
int	media_audio_set_end(struct media_audio_set *, double seconds, int64_t *length);
/* Return what media_audio_reach() and media_audio_heard() say of the first sound. */
double	media_audio_set_reach(const struct media_audio_set *);
int	media_audio_set_heard(const struct media_audio_set *);
/*
 * Waits for the encoders, unless the status is a failure: then a packet() that waits must be ended before. Adds the objects, which last for
 * `frames` of the video, to the result, except those of tracks but the first in which no sound was found. `a` may be NULL.
 */
int	media_audio_set_finish(struct media_audio_set *, int status, int64_t frames, struct media_result *);
void	media_audio_set_free(struct media_audio_set *);

#endif
