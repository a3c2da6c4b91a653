/*
 * What the files of src/media share and nobody else needs.
 */
#ifndef WANZAMI_INTERNAL_H
#define WANZAMI_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>

#include "media/media.h"

/* An opened film. */
struct media {
	struct media_source		source;
	int64_t				offset;		/* of the next read */
	int				source_failed;
	int				(*canceled)(void *);	/* while transcoding */
	void				*cancel_ctx;
	AVIOContext			*io;
	AVFormatContext			*format;
	int				video, audio;	/* indexes of streams; audio may be -1 */
	struct media_info		info;
};

/* A queue between two threads. Bounded by count; what is in it is freed by the one who closes it. */
struct media_queue {
	pthread_mutex_t	lock;
	pthread_cond_t	changed;
	void		*items[64];
	int		first, count, most;
	int		ended;		/* nothing more is put */
	int		broken;		/* nothing more is taken: put fails */
};

void	media_queue_init(struct media_queue *, int most);
/* Waits for room. Returns 0 when nothing is taken any more: the item stays the caller's. */
int	media_queue_put(struct media_queue *, void *);
/* Waits for an item; NULL after the last one. */
void	*media_queue_take(struct media_queue *);
void	media_queue_end(struct media_queue *);
void	media_queue_break(struct media_queue *);
void	media_queue_free(struct media_queue *, void (*release)(void *));

/* Notes a failure if none is noted yet, and returns its reason. Any thread that owns `error`. */
int	media_fail(struct media_error *, enum media_reason, const char *, ...) __attribute__((format(printf, 3, 4)));

/*
 * The file of one rendition as it is written: fragments go in, parts come
 * out. Used on one thread. See fragment.c.
 */
struct media_fragments;

struct media_fragments	*media_fragments_new(const AVCodecContext *video, const AVCodecContext *audio, double duration,
			    const struct media_sink *, int rendition);
/* One GOP with the sound that belongs to it; packets stay the caller's. 0 or MEDIA_*. */
int	media_fragments_add(struct media_fragments *, AVPacket **video, int nvideo, AVPacket **audio, int naudio,
	    int64_t start, int64_t end, struct media_error *);
/* Delivers what is left, part 1 last, and fills all of `out` that the bytes decide. */
int	media_fragments_end(struct media_fragments *, struct media_rendition *out, struct media_error *);
void	media_fragments_free(struct media_fragments *);

/* What an encoder is fed with: a picture, or a packet of encoded sound. */
struct media_item {
	AVFrame		*frame;
	AVPacket	*sound;
};

void	media_item_free(void *);

/*
 * One rendition: a thread that scales, encodes and writes. See rendition.c.
 */
struct media_encoder {
	/* set by who starts it */
	struct media_step		step;
	int				index;
	int				threads;
	int				hdr;
	const struct media_info		*info;
	const struct media_options	*options;
	const struct media_sink		*sink;
	const AVCodecContext		*audio;		/* NULL: silent; its parameters are fixed */
	double				duration;
	struct media_queue		queue;		/* struct media_item, in the order of the film */
	/* its own */
	pthread_t			thread;
	int				running;
	_Atomic int64_t			done;		/* frames encoded */
	struct media_rendition		result;
	struct media_error		error;
};

int	media_encoder_start(struct media_encoder *);
/* Joins the thread; what failed is in ->error. */
void	media_encoder_join(struct media_encoder *);

/* PQ or HLG to what screens of today show, in place of a 10-bit frame a new 8-bit one; NULL without memory. See tone.c. */
AVFrame	*media_tone_map(const AVFrame *);

#endif
