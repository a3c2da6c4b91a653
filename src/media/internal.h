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
#include "media/mp4.h"

/* The limits of a film and what it has used of them. See limits.c. */
struct media_limits {
	pthread_t	thread;
	int		running_thread;
	pthread_mutex_t	lock;
	pthread_cond_t	changed;
	int		ended;
	int		running;	/* the film is transcoded, no longer opened */
	long long	limit;		/* memory of the container or machine in bytes, -1 if unknown */
	long long	used, share;	/* memory at the beginning, and the most that the film may add to it because of `limit`; bytes */
	int		short_of;	/* `memory` is less than other films may use, because of `limit` */
	_Atomic int64_t	memory;		/* limit, bytes beside `used` */
	_Atomic int64_t	cpu;		/* limit, ms of processor time of the process */
	double		cpu_base;	/* processor time at the beginning of the part that runs, seconds */
	double		cpu_frame;	/* by which each frame raises the limit, seconds */
	int64_t		frames, frames_max;
	int64_t		bytes, bytes_max;	/* of packets */
	_Atomic int	reached;	/* a limit; `text` says which, */
	int		lacking;	/* and this is 1 if it is that of the container or machine */
	double		cpu_reached;
	int		told;
	char		text[160];
};

struct clock_stream;

/* The clock of a film, see clock.c. Times are in AV_TIME_BASE. */
struct media_clock {
	struct clock_stream	*streams;
	unsigned		nstreams;
	int			begun;
	int			epoch;		/* number of jumps of the timestamps */
	int64_t			offset;		/* of the epoch */
	int			deciding;	/* whether other streams join the epoch, */
	int64_t			jumped, alone;	/* the time at which it began, and its offset if none does */
	int64_t			now;		/* end of the last packet, in the time of the film */
	int64_t			origin;		/* earliest start of a used stream: time 0 of the renditions */
	AVPacket		**ahead;	/* packets that were read before the film is transcoded */
	int			first, nahead;
	int			status;		/* of reading ahead: negative at the end of the file */
};

#define MEDIA_AUDIO_RATE	48000	/* samples per second of the renditions' sound */
#define MEDIA_AUDIO_FRAME	1024	/* samples in a packet of AAC */
#define MEDIA_CHANNELS_MAX	6	/* of 5.1 */
#define MEDIA_SOUNDS_MAX	8
#define MEDIA_DAMAGED_MAX	4	/* damaged audio tracks in place of which another is tried */
#define MEDIA_FAST_SECONDS	(10 * 3600)	/* a longer film has at most 30 frames a second, so that its sample tables stay small (hybrid.c) */

/* A track of the source that becomes the sound of an audio track, alone or together with others. */
struct media_sound {
	int	stream;		/* index; -1 if the demuxer meets the track later */
	int	id;		/* AVStream.id, by which it is then known */
	int	mono;		/* one of several mono tracks, whose sound goes to these channels: */
	float	stereo[2];	/* gains; 1 unless mono, */
	float	wide[MEDIA_CHANNELS_MAX];	/* and those of 5.1 */
};

/* An audio track of the film. The first one is the sound of the renditions. */
struct media_track {
	struct media_sound	sounds[MEDIA_SOUNDS_MAX];
	int			nsounds;	/* at least 1 */
	int			surround;	/* it has six channels or more, alone or together, in places from which 5.1 can be made */
	int			number;		/* of the track in the source, among those of sound, from 1; 0 if unknown */
	enum media_purpose	purpose;
	char			language[36];	/* as that of struct media_audio_object, */
	char			label[128];	/* and likewise */
};

/* An opened film. */
struct media {
	struct media_source		source;
	int64_t				offset;		/* of the next read, in bytes */
	int				source_failed;
	const struct media		*film;		/* a second reader of a film: the film, whose limits and cancellation end its reads; else NULL */
	int				(*canceled)(void *);	/* while transcoding */
	void				*cancel_ctx;
	AVIOContext			*io;
	AVFormatContext			*format;
	int				video;		/* stream index; -1: a file with sound alone, */
	int64_t				fit_frames;	/* for a film of so many frames; else 0 */
	struct media_track		tracks[MEDIA_TRACKS_MAX];
	int				ntracks;	/* 0: the film has no sound */
	int				damaged[MEDIA_DAMAGED_MAX];	/* audio tracks of which no packet can be decoded */
	int				ndamaged;
	char				silent[160];	/* reason, if the film has sound but none that can be decoded */
	struct media_info		info;
	struct media_clock		clock;
	int				interlaced_unmarked;	/* its frames are not marked as such */
	int				top_first;	/* the top field of interlaced or telecined frames is the earlier */
	int				telecined;	/* 24 frames in 60 fields a second */
	int				field_rate;	/* each field becomes a frame */
	pthread_mutex_t			notes_lock;
	char				*notes[MEDIA_NOTES_MAX];
	int				nnotes;
	struct media_limits		limits;
	struct media_subtitles		*subtitles;
};

/*
 * Chooses the video track, sets ->video and notes the tracks and chapters that are left out,
 * except tracks of sound. Covers, thumbnails and single pictures come last, and so do
 * tracks that cannot be read. Returns MEDIA_OK or the true reason. See tracks.c.
 */
int	media_video_choose(struct media *, struct media_error *);
/* Fails a film if the packet of a track in use is encrypted, else returns MEDIA_OK. Demuxers say so of the packets only. */
int	media_encryption_check(const AVPacket *, struct media_error *);
/* Fails a film of which `what` ("film", "video") is encrypted; `name` is that of the protection. */
int	media_encryption_fail(const char *what, const char *name, struct media_error *);
/*
 * Reads samples of the source. Returns how many percent of the packets of a PID (-1: of all) of a transport stream are scrambled,
 * and sets *dvd to that of the sectors of a video DVD; 0 for other files. See scramble.c.
 */
int	media_scrambled(const struct media *, int pid, int *dvd);
#define MEDIA_SCRAMBLED_NAME	"scrambled broadcast"
/*
 * Makes scrambling the error of a film that could not be read. Fails transport streams and DVDs that could be opened too, if most of them
 * is scrambled, and notes a lesser part. Returns the reason.
 */
int	media_scrambled_check(struct media *, struct media_error *);
/* Refuses Dolby Vision without base layer and notes other Dolby Vision, by the container. Returns MEDIA_OK or the reason. See dolby.c. */
int	media_dolby_check(struct media *, const AVCodecParameters *, struct media_error *);
/* The same by the metadata of the first frame, if the container says nothing. */
int	media_dolby_frame(struct media *, const AVFrame *, struct media_error *);
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
/* Lowers the number of waiting frames, then that of threads, until the film is expected to fit in the memory of the container or machine. */
void	media_limits_fit(const struct media *, const struct media_step *, int nsteps, int *threads, int *waiting);
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

/*
 * The clock of a film: reads packets of the chosen streams and makes their
 * timestamps continuous. See clock.c. One thread.
 */
/* Sets the origin and info.duration, and reads ahead. Returns MEDIA_OK or the reason. */
int	media_clock_open(struct media *, struct media_error *);
/* As av_read_frame(). */
int	media_clock_read(struct media *, AVPacket *);
/* After the last packet: returns 0 if the file lacks more than a tenth and a second of what its header states, and both durations in seconds. */
int	media_clock_complete(const struct media *, double *stated, double *found);
/* Notes the jumps that were closed. */
void	media_clock_note(struct media *);
void	media_clock_close(struct media *);

/* Sets the frame rate of the renditions by the packets that were read ahead or the index. Returns MEDIA_OK or the reason. See rate.c. */
int	media_rate_read(struct media *, struct media_error *);

/* Makes the frame rate constant. See pace.c. Set rate, emit and ctx before the first frame. */
struct media_pace {
	AVRational	rate;
	int		(*emit)(void *ctx, const AVFrame *);	/* MEDIA_OK or the reason, which ends the run */
	void		*ctx;
	AVFrame		*held;		/* not emitted yet, or not often enough */
	double		place;		/* of the held frame, in frames */
	int64_t		slot, end;	/* number of the held frame, and of the frame after the last one */
	int64_t		next;		/* number of the frame to emit: frames emitted */
};

/* Takes a frame (and frees it) with its time in `base`. */
int	media_pace_put(struct media_pace *, AVFrame *, AVRational base);
/* Emits the last frame until its end. The next frame, if any, goes on from there. */
int	media_pace_end(struct media_pace *);

#define MEDIA_SCAN_HOLD	20	/* frames: as many as may pass until a film that was progressive is found to be interlaced */

/* Looks for interlaced frames. See fields.c. */
struct media_scan {
	AVFrame		*before;
	AVFrame		*held[MEDIA_SCAN_HOLD];		/* not returned yet */
	int		held_combed[MEDIA_SCAN_HOLD];	/* ->combed of each */
	int		nheld;
	int64_t		marked;				/* frames that only the scan has found to be interlaced */
	int		on, top_first;			/* the film is interlaced here */
	int		turned_on;			/* the last frame has shown it */
	int		since;				/* frames since the last progressive one */
	int		combed;				/* the last frame looks like a comb */
	int		telecined;			/* fields of both parities are repeated here */
	double		repeats[2];			/* decaying counts of them */
	int		begun;				/* number of the frame that has shown it first, 0 if none */
	double		score[3];			/* decaying counts: top field first, bottom field first, progressive */
	int		count[3], again[2][5], seen;	/* frames by kind; repeated top and bottom fields by position in five frames */
};

/* Takes the next frame of the film and marks it as interlaced if it looks so. Returns 0 if out of memory. */
int	media_scan_frame(struct media_scan *, AVFrame *);
/*
 * The same for a film that is transcoded: takes the frame and returns an earlier one in *ready, if any, so that frames are also marked
 * by what follows them. NULL in place of a frame returns those that are left, one at a time.
 */
int	media_scan_put(struct media_scan *, AVFrame *, AVFrame **ready);
void	media_scan_free(struct media_scan *);
/* Returns 1 for a film that can be interlaced by its rate and size. */
int	media_scan_wanted(const struct media *);
/* Decodes the packets that were read ahead; sets info.interlaced and what internal.h says about fields. */
void	media_fields_probe(struct media *);

/*
 * Opens the AVIOContext of a film and allocates the AVFormatContext that reads it, until a limit is reached or the film is
 * canceled; or frees both. Returns 0 if out of memory. See source_io.c.
 */
int	media_io_open(struct media *);
void	media_io_close(struct media *);

/*
 * Makes a filter graph from its text, in place of *graph, and returns its first and last filter.
 * Returns 0, with *graph NULL, if the text is wrong or the filters do not accept the format.
 */
int	media_graph_parse(AVFilterGraph **graph, AVFilterContext **in, AVFilterContext **out, const char *text);

/*
 * Chooses the audio tracks of a film whose video track is known: fills m->tracks,
 * m->silent and the audio fields of m->info, and notes what is left out. May read
 * the whole source, if the beginning shows no sound in a container that may bring
 * tracks later. See audio_tracks.c.
 */
void	media_audio_choose(struct media *);
/* Chooses the one audio track of a file with sound alone. Returns MEDIA_OK or the reason. See sound_file.c. */
int	media_sound_choose(struct media *, const struct media_fit *, struct media_error *);
/* Fails a source whose sound cannot be decoded. Returns the reason. See sound_file.c. */
int	media_sound_fail(const struct media *, struct media_error *);
/* Refuses a sound whose length in seconds, 0 if unknown, differs too much from that of the film. Returns MEDIA_OK or the reason. See sound_file.c. */
int	media_sound_length(const struct media *, double seconds, struct media_error *);
/* Returns 1 for a stream that was chosen. See audio_search.c. */
int	media_audio_uses(const struct media *, int stream);
/* Returns 1 for a stream of an audio track but the first. Such a stream neither moves the clock nor fails the film. */
int	media_audio_follows(const struct media *, int stream);
int	media_track_uses(const struct media_track *, int stream);

enum media_sound_search {
	MEDIA_SOUND_NONE,	/* no packet of a track that has a decoder */
	MEDIA_SOUND_DAMAGED,	/* packets, but none can be decoded */
	MEDIA_SOUND_FOUND
};

#define MEDIA_SOUND_DAMAGED_TEXT	"it is damaged or encrypted"

/*
 * Reads the source in a demuxer of its own until a packet of the chosen tracks, or of any if none is chosen, gives sound, and returns
 * what it has found, with index and id of the track there in *stream and *id. Reads until the end of the source, a limit, or an error (m->source_failed). See audio_search.c.
 */
int	media_audio_search(struct media *, int *stream, int *id);
/*
 * Returns 1 if a stream of another demuxer of the source, with this index and id, is the track. A demuxer that finds streams while it reads numbers
 * them as they come, but gives them ids; others need not. See audio_search.c.
 */
int	media_audio_same(const struct media *, const AVStream *track, int stream, int id);
/*
 * Takes away the sound of a film, and fills m->silent, if it has packets of which none can be decoded. Adds the track to m->damaged: another one needs
 * the source opened again. After media_clock_open().
 */
void	media_audio_probe(struct media *);
/* Returns 1 if the track is in m->damaged. See audio_search.c. */
int	media_audio_damaged(const struct media *, int stream);
/* Returns the best track that can be decoded, -1 if there is none. See audio_tracks.c. */
int	media_audio_best(const struct media *);

/*
 * Tracks of text, see subtitles.c. choose() is called when the format is open,
 * notes the tracks that cannot be converted and returns 0 if out of memory. uses()
 * returns 1 for a stream that was chosen; packet() takes its packets, with the
 * times of media_clock_read(). end() fills the texts of the result and returns 0 if
 * out of memory; media_texts_free() frees them.
 */
struct media_subtitles;

int	media_subtitles_choose(struct media *);
int	media_subtitles_uses(const struct media *, int stream);
void	media_subtitles_packet(struct media *, AVPacket *);
int	media_subtitles_end(struct media *, struct media_result *);
void	media_texts_free(struct media_result *);
/* Copies the title of a track: valid UTF-8 without control characters, whole characters only. */
void	media_label_copy(char *out, size_t size, const char *title);
void	media_subtitles_close(struct media *);

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

/* Returns the longest that a film is expected to be, in seconds, by the duration in its header; one above the maximum is not believed. See grid.c. */
double	media_duration_expected(double stated);
/* Returns the number of the first frame of a GOP, from 0. */
int64_t	media_key_frame(const struct media_info *, int64_t gop);
/* Returns the number of the first frame of a segment, from 0: the segments last 2, 2, then 4 s. */
int64_t	media_grid_frame(const struct media_info *, int64_t segment);
/* Returns the least number of frames in the last segment: half a second of them. Players stop before the end of a shorter one. */
int	media_grid_last(const struct media_info *);

/* Adds a segment to a track. Returns 0 if out of memory. See stream.c. */
int	media_stream_note(struct media_stream *, const struct media_stream_segment *);
/* Adds `front` to the offsets of the segments, and computes the bit rates. */
void	media_stream_end(struct media_stream *, uint64_t front);

/* Fills a track of audio, except what is zero, and what playlists need to know of its codec. See hybrid.c. */
void	media_audio_track(struct mp4_track *, struct media_stream *, const AVCodecContext *, uint32_t id);

/*
 * Writer of one rendition's object: takes GOPs and delivers parts to the sink.
 * Used by one thread. See hybrid.c.
 */
struct media_hybrid;

/* `duration` is in seconds, 0 if unknown. Returns NULL if out of memory, or if the encoder has no parameter sets. */
struct media_hybrid	*media_hybrid_new(const AVCodecContext *video, const AVCodecContext *audio, double duration, const struct media_sink *,
			    int rendition);
/*
 * Writes one segment: a GOP or two, and their audio, which may be none. The caller
 * keeps the packets. Frames are numbered by their pts, from 0, and packets of audio
 * follow each other without gap. Returns MEDIA_OK or the reason.
 */
int	media_hybrid_add(struct media_hybrid *, AVPacket **video, int nvideo, AVPacket **audio, int naudio, struct media_error *);
/*
 * Returns 1 if frames must not be reordered from now on: their composition offsets
 * would make moov larger than it may be.
 */
int	media_hybrid_full(const struct media_hybrid *);
/* Delivers the remaining parts, part 1 last, and fills `out` except for rung, size of the frames and frame rate. */
int	media_hybrid_end(struct media_hybrid *, struct media_rendition *out, struct media_error *);
void	media_hybrid_free(struct media_hybrid *);

/*
 * Writer of an audio object: takes packets of AAC, which follow each other without
 * gap, and delivers parts to the sink, for which the object has the number `object`.
 * The codec is used by new() only, info until free(). Used by one thread. Functions
 * return MEDIA_OK or the reason. See audio_object.c.
 */
struct media_audio_writer;

/* Returns NULL if out of memory. */
struct media_audio_writer	*media_audio_writer_new(const AVCodecContext *, const struct media_info *, const struct media_sink *, int object);
/* Takes a packet, which the caller keeps. */
int	media_audio_writer_add(struct media_audio_writer *, const AVPacket *, struct media_error *);
/* Delivers the remaining parts, part 1 last. `frames` is the length of the video. Fills size and stream of `out`. */
int	media_audio_writer_end(struct media_audio_writer *, int64_t frames, struct media_audio_object *out, struct media_error *);
void	media_audio_writer_free(struct media_audio_writer *);

#define MEDIA_AUDIO_ENCODERS	2	/* of the same samples: 0 for the renditions, 1 with a lower bit rate */
/* Returns the bit rate of an encoder, bit/s. */
int	media_audio_bitrate(const struct media_options *, int encoder);

/*
 * Encoders of the audio objects and the threads on which they work, see audio_encoder.c. packet() receives what an encoder has
 * made and written to its object, on the encoder's thread, without gap from time 0 on; it returns MEDIA_OK or a reason, and may set the error. It
 * may be NULL.
 * The functions are for the thread of media_transcode().
 */
struct media_aac;

/* The sink has the number `first` for the first of the n objects. Returns NULL if out of memory or AAC cannot be encoded. `info` is used until free(). */
struct media_aac	*media_aac_new(const struct media_info *, const struct media_audio_object *, int n, const struct media_sink *, int first,
			    int (*packet)(void *ctx, int encoder, const AVPacket *, struct media_error *), void *ctx);
/* Returns what a rendition needs to know of an encoder. Only fields that do not change are read while it works. */
const AVCodecContext	*media_aac_codec(const struct media_aac *, int encoder);
/* Starts the threads, at most as many as there are encoders. Returns 0 on error. */
int	media_aac_start(struct media_aac *, int threads);
/*
 * Has an encoder take a frame of MEDIA_AUDIO_FRAME samples, which the caller keeps; the last one may have fewer. NULL flushes it. Blocks while too
 * many frames wait. Returns MEDIA_MEMORY, or MEDIA_CANCELED after a failure, of which media_aac_join() tells.
 */
int	media_aac_put(struct media_aac *, int encoder, const AVFrame *);
/*
 * Joins the threads: after all their work if the status is MEDIA_OK, else at once. Returns the status, or the reason of an encoder that has failed,
 * with its error. A packet() that waits must be ended before, if the status is not MEDIA_OK. To be called before free().
 */
int	media_aac_join(struct media_aac *, int status, struct media_error *);
/* After media_aac_join(): ends an object as media_audio_writer_end(). */
int	media_aac_end(struct media_aac *, int encoder, int64_t frames, struct media_audio_object *out, struct media_error *);
void	media_aac_free(struct media_aac *);

/*
 * The sound of an audio track, from packets of the source to frames of samples, which
 * frame() receives without gap from time 0 on, and NULL behind the last one. frame() returns MEDIA_OK or a
 * reason. Used by the thread of media_transcode(). Functions return MEDIA_OK or the reason. See audio.c.
 */
struct media_audio;

/*
 * `track` is an index of m->tracks. `leader` is NULL for the first track, and for any other its sound, whose length the other gets: no sample is
 * passed on before it is passed on there. There are two channels, or six if `stereo` is the sound of the same track with two: then that one decodes for
 * both. The other must be ended after it. allow_silent is that of struct media_options. Returns NULL if out of memory.
 */
struct media_audio	*media_audio_new(struct media *, int track, int allow_silent, const struct media_audio *leader, struct media_audio *stereo,
			    int (*frame)(void *, const AVFrame *), void *ctx, struct media_error *);
/* Takes a packet of any stream except video. It is ignored unless it is one of the track. Not for a sound with six channels. */
int	media_audio_packet(struct media_audio *, const AVPacket *);
/* Tells the length of the video so far, in seconds. Sound that is far behind becomes silence, so that the encoders need not wait for it. */
int	media_audio_follow(struct media_audio *, double seconds);
/*
 * Ends the sound: adds silence until the end of the video, and notes what was repaired. *length is its length in samples: the first track
 * sets it from the length of the video in seconds, the others, which end later, get it.
 */
int	media_audio_end(struct media_audio *, double seconds, int64_t *length);
/* Returns where the sound ends that has come so far, in seconds, also if that is behind the end of the film. */
double	media_audio_reach(const struct media_audio *);
/* After media_audio_end(): returns 1 if something was decoded. */
int	media_audio_heard(const struct media_audio *);
void	media_audio_free(struct media_audio *);

/* The time line of the sound: samples at their positions. Positions are in samples from time 0. See audio_line.c. */
struct media_line;

struct media_line	*media_line_new(int channels, int (*frame)(void *, const AVFrame *), void *ctx, struct media_error *);
/* Returns the position up to which samples were passed on. */
int64_t	media_line_base(const struct media_line *);
/* Adds n samples of each channel with its gain, not before the base, to what is there. */
int	media_line_add(struct media_line *, int64_t position, const float *const samples[], const float gains[], size_t n);
/* Passes on in whole frames what is before `until`. */
int	media_line_pass(struct media_line *, int64_t until);
/* Passes on the rest before `until`, and NULL. */
int	media_line_end(struct media_line *, int64_t until);
void	media_line_free(struct media_line *);

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

/* Returns 1 if a decoded frame carries text of captions. See captions.c. */
int	media_captions(const AVFrame *);
/* Prepares a decoded frame for the filters: removes its description of colours, and sets the aspect ratio of its pixels. */
void	media_frame_plain(const struct media *, AVFrame *);
/* Returns the size of the frames after the container's crop metadata is applied, in pixels. See crop.c. */
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
	struct media_queue		queue;		/* of struct media_item; frames and packets of audio are in the order of time each */
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
