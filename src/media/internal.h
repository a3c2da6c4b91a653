/*
 * Declarations that only the files of src/media use.
 */
#ifndef WANZAMI_INTERNAL_H
#define WANZAMI_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>

#include "media/colour.h"
#include "media/media.h"

/* What a film may cost, and what it has cost. See limits.c. */
struct media_limits {
	pthread_t	thread;
	int		running_thread;
	pthread_mutex_t	lock;
	pthread_cond_t	changed;
	int		ended;
	int		running;	/* the film is transcoded, no longer opened */
	long long	used, share;	/* memory at the beginning, and the most that the container allows; bytes */
	_Atomic int64_t	memory;		/* limit, bytes beside `used` */
	_Atomic int64_t	cpu;		/* limit, ms of processor time of the process */
	double		cpu_base;	/* processor time at the beginning of the part that runs, seconds */
	double		cpu_frame;	/* by which each frame raises the limit, seconds */
	int64_t		frames, frames_max;
	int64_t		bytes, bytes_max;	/* of packets */
	_Atomic int	reached;	/* a limit; `text` says which */
	double		cpu_reached;
	int		told;
	char		text[160];
};

/* An opened film. */
struct media {
	struct media_source		source;
	int64_t				offset;		/* of the next read, in bytes */
	int				source_failed;
	int				(*canceled)(void *);	/* while transcoding */
	void				*cancel_ctx;
	AVIOContext			*io;
	AVFormatContext			*format;
	int				video, audio;	/* stream indexes; audio is -1 if there is none */
	struct media_info		info;
	pthread_mutex_t			notes_lock;
	char				*notes[MEDIA_NOTES_MAX];
	int				nnotes;
	struct media_limits		limits;
};

/*
 * Chooses the video track, sets ->video and notes the tracks that are left out,
 * except those of sound. Covers, thumbnails and single pictures come last, and so do
 * tracks that cannot be read. Returns MEDIA_OK or the true reason. See tracks.c.
 */
int	media_video_choose(struct media *, struct media_error *);
/* Fails a film if the packet of a track in use is encrypted, else returns MEDIA_OK. Demuxers say so of the packets only. */
int	media_encryption_check(const AVPacket *, struct media_error *);
/* Fails a film whose video has one frame only. */
int	media_one_frame(const struct media *, struct media_error *);
/* Returns the usual name of a codec, such as "Apple ProRes RAW": in `buf` or static. */
const char	*media_codec_name(const AVCodecParameters *, char *buf, size_t size);

/*
 * Limits of memory, processor time and length. They are those of the process: one
 * film at a time. begin() starts to watch and sets the limits for opening, returns
 * 0 if out of memory; probe() and transcode() set those of the next steps. end()
 * must be called after the last call of FFmpeg for the film, also when begin() has
 * failed. reached() is for any thread, the others for the thread that uses the film.
 */
int	media_limits_begin(struct media *);
void	media_limits_probe(struct media *);
void	media_limits_transcode(struct media *);
/* Counts a frame of the renditions. Returns 0 if a limit is reached. */
int	media_limits_frame(struct media *);
/* Counts a packet. Returns 0 if a limit is reached. */
int	media_limits_packet(struct media *, const AVPacket *);
int	media_limits_reached(const struct media *);
/* Makes the limit that is reached the error, in place of another, which may follow from it. Returns the reason. */
int	media_limits_fail(const struct media *, struct media_error *);
void	media_limits_end(struct media *);

/*
 * Notes what is left out of the renditions or repaired in them, as one sentence
 * without line break. A sentence that is noted already, or is one too many, is
 * dropped. Any thread.
 */
void	media_note(struct media *, const char *, ...) __attribute__((format(printf, 2, 3)));

/* A queue between two threads, bounded by the number of items. media_queue_free() frees the items that are left. */
struct media_queue {
	pthread_mutex_t	lock;
	pthread_cond_t	changed;
	void		*items[64];
	int		first, count, max;
	int		ended;		/* no item is put any more */
	int		broken;		/* no item is taken any more: put fails */
};

void	media_queue_init(struct media_queue *, int max);
/* Blocks while the queue is full. Returns 0 if the queue is broken; the caller then keeps the item. */
int	media_queue_put(struct media_queue *, void *);
/* Blocks until there is an item and returns it. Returns NULL after the last item, or if the queue is broken. */
void	*media_queue_take(struct media_queue *);
void	media_queue_end(struct media_queue *);
void	media_queue_break(struct media_queue *);
void	media_queue_free(struct media_queue *, void (*release)(void *));

/* Sets `error` unless it is already set, and returns its reason. Call from the thread that owns `error`. */
int	media_fail(struct media_error *, enum media_reason, const char *, ...) __attribute__((format(printf, 3, 4)));

/*
 * Writer of one rendition's file: takes GOPs and delivers parts to the sink.
 * Used by one thread. See fragment.c.
 */
struct media_fragments;

struct media_fragments	*media_fragments_new(const AVCodecContext *video, const AVCodecContext *audio, double duration,
			    const struct media_sink *, int rendition);
/* Writes one GOP and its audio as a fragment. The caller keeps the packets. `start` and `end` are presentation times in the time base
 * of the video packets. Returns MEDIA_OK or the reason. */
int	media_fragments_add(struct media_fragments *, AVPacket **video, int nvideo, AVPacket **audio, int naudio,
	    int64_t start, int64_t end, struct media_error *);
/* Delivers the remaining parts, part 1 last, and fills `out` except for rung, size and frame rate. */
int	media_fragments_end(struct media_fragments *, struct media_rendition *out, struct media_error *);
void	media_fragments_free(struct media_fragments *);

/* Input of an encoder: a video frame or a packet of encoded audio. The other is NULL. */
struct media_item {
	AVFrame		*frame;
	AVPacket	*audio;
};

void	media_item_free(void *);

#define MEDIA_SHAPE_MAX	20	/* pixels whose aspect ratio is greater, or less than 1/20, are taken as square */

/* Maker of the frames of one rendition. The caller sets the first four fields; the rest begins as zero. Used by one thread. See picture.c. */
struct media_picture {
	const struct media_info		*info;
	const struct media_colour	*colour;	/* decided before the first frame */
	int				width, height;	/* of the rendition */
	struct SwsContext		*scaler;
	int				in_width, in_height, in_format;	/* of the frames that the scaler accepts */
	AVRational			in_shape;
	int				inner_width, inner_height;	/* of the part that is not black */
	AVFrame				*scaled, *boxed, *converted;	/* reused for each frame */
};

/* Returns the frame of the rendition for a frame of the film, valid until the next call; it may be `frame` itself. NULL on error. */
AVFrame	*media_picture_make(struct media_picture *, AVFrame *frame);
void	media_picture_close(struct media_picture *);

/* Prepares a decoded frame for the filters: removes its description of colours, and sets the aspect ratio of its pixels. */
void	media_frame_plain(const struct media *, AVFrame *);
/* Returns the size of the frames after the container's crop metadata is applied, in pixels. */
void	media_crop_size(const AVCodecParameters *, int *width, int *height);
/* Writes the filter that applies the crop metadata to frames like this one, followed by a comma; "" if there is nothing to crop. */
void	media_crop_filter(const AVCodecParameters *, const AVFrame *, char *out, size_t);
/* Returns the filter after which media_alpha_compose() accepts frames like this one, preceded by a comma; "" for frames without alpha. */
const char	*media_alpha_filter(const AVFrame *);
/* Composes a frame that has alpha over black and removes the alpha. `full`: Y'CbCr is in full range. Returns 0 if out of memory. */
int	media_alpha_compose(AVFrame *, int full);

/*
 * Encoder of one rendition: a thread that scales, encodes and writes. See rendition.c.
 */
struct media_encoder {
	/* set before media_encoder_start() */
	struct media_step		step;
	int				index;
	int				threads;
	const struct media_colour	*colour;
	const struct media_info		*info;
	const struct media_options	*options;
	const struct media_sink		*sink;
	const AVCodecContext		*audio;		/* NULL without audio; read only */
	double				duration;
	struct media_queue		queue;		/* of struct media_item, in the order of time */
	/* set by the encoder */
	pthread_t			thread;
	int				running;
	_Atomic int64_t			done;		/* frames encoded */
	struct media_rendition		result;
	struct media_error		error;
};

/* Starts the thread. Returns 0 on error. */
int	media_encoder_start(struct media_encoder *);
/* Joins the thread. ->error.reason is MEDIA_OK if it has succeeded. */
void	media_encoder_join(struct media_encoder *);

#endif
