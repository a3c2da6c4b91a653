/*
 * Transcoding of one film: probe the source, choose the renditions, decode the
 * source once and write each rendition as one MP4 file, which plays
 * progressively, and as HLS and DASH by byte ranges. A library over the FFmpeg
 * libraries, without HTTP and SQL.
 *
 * Threads: a struct media is used by one thread at a time, and a process has
 * one at a time, because the limits are those of the process. Each callback
 * states its thread.
 *
 * Errors: functions that can fail return MEDIA_OK or the reason (the same
 * value as error->reason), and fill `error` with a sentence that can be
 * shown to the person who uploaded the film.
 */
#ifndef WANZAMI_MEDIA_H
#define WANZAMI_MEDIA_H

#include <stddef.h>
#include <stdint.h>

struct media;

/* Rungs of the rendition ladder (docs/compatibility.md#rendition-ladder). Bit 1u << n of a request stands for rung n. */
enum media_rung {
	MEDIA_R360,
	MEDIA_R720,
	MEDIA_R1080,
	MEDIA_R2K,
	MEDIA_R4K,
	MEDIA_RUNGS
};

enum media_reason {
	MEDIA_OK = 0,
	MEDIA_EMPTY,		/* the source has zero bytes */
	MEDIA_NOT_VIDEO,	/* unknown container format */
	MEDIA_NO_VIDEO_TRACK,	/* no video track, or no frame in it */
	MEDIA_UNSUPPORTED,	/* no decoder for the codec, or a format that cannot be converted */
	MEDIA_TRUNCATED,	/* shorter than the duration in the header, or without index */
	MEDIA_DAMAGED,		/* too many packets do not decode */
	MEDIA_TOO_LARGE,	/* over MEDIA_MAX_*, or a limit of memory, time or length (docs/films.md#limits) */
	MEDIA_SOURCE,		/* read_at() failed: retry */
	MEDIA_SINK,		/* part() failed: retry */
	MEDIA_CANCELED,		/* watch->canceled() returned 1 */
	MEDIA_MEMORY,		/* out of memory: retry */
	MEDIA_MEMORY_LIMIT,	/* the memory limit of the container or machine is too low for the film: retry, it is not the film's fault */
	MEDIA_INTERNAL		/* an unexpected error of a library: retry */
};

#define MEDIA_MAX_SIDE		8192			/* pixels */
#define MEDIA_MAX_PIXELS	(8192 * 4608)
#define MEDIA_MAX_STREAMS	1000
#define MEDIA_MAX_SECONDS	(12 * 3600)
#define MEDIA_GOP_SECONDS	2	/* a segment has one or two GOPs */
#define MEDIA_NOTES_MAX		20
#define MEDIA_TEXTS_MAX		32		/* tracks of text */
#define MEDIA_PART_MIN		(5u << 20)	/* S3: minimum size of each part except the last */

struct media_error {
	enum media_reason	reason;
	int			retry;		/* 1: the same film may succeed later */
	char			text[256];	/* one or two sentences without line break */
};

/*
 * Input. read_at() returns the number of bytes read or a negative number, which
 * ends the run with MEDIA_SOURCE. Short reads are allowed; 0 means the end of
 * the source. It is called on the thread that called media_open() or
 * media_transcode(), mostly for increasing offsets and up to 1 MiB at a time.
 * The caller keeps ownership of ctx.
 */
struct media_source {
	void		*ctx;
	int64_t		size;
	int64_t		(*read_at)(void *ctx, int64_t offset, void *buf, size_t len);
};

/*
 * Output. part() receives each byte of an object exactly once: that of steps[object], or behind
 * those of the renditions that of media_audio_objects(). It comes as numbered parts of an S3 multipart upload: parts 2, 3, ... as they
 * are made, then part 1, which contains the sample tables. `offset` is the final
 * offset of the part in the object. Each part except the one with the highest
 * number has at least MEDIA_PART_MIN bytes. `last` is 1 in the last call for an
 * object. part() is called on the thread of the rendition, for audio objects on that of their encoder, then of media_transcode():
 * calls for one object never overlap, calls for different objects do. If it returns
 * non-zero, the run ends with MEDIA_SINK.
 */
struct media_sink {
	void		*ctx;
	int		(*part)(void *ctx, int object, uint32_t number,
			    uint64_t offset, const void *data, size_t len, int last);
};

struct media_progress {
	double		percent;		/* 0..100, never decreases */
	double		seconds;		/* of the film that all renditions have encoded */
	double		duration;		/* seconds; 0 if unknown */
	double		fps;			/* encoded frames per second of wall-clock time */
	int		renditions;
	double		done[MEDIA_RUNGS];	/* seconds encoded, in the order of steps[] */
};

/*
 * Callbacks of a run. Both may be NULL. They are called on the thread that
 * called media_transcode(): progress() at most five times a second, canceled()
 * at least every 100 ms unless read_at() blocks for longer.
 */
struct media_watch {
	void		*ctx;
	void		(*progress)(void *ctx, const struct media_progress *);
	int		(*canceled)(void *ctx);
};

struct media_info {
	double		duration;	/* seconds; 0 if the file does not state it */
	int		width;		/* of a displayed frame: rotated, square pixels */
	int		height;
	int		fps_num;	/* constant frame rate of the renditions */
	int		fps_den;
	int		rotation;	/* clockwise degrees by which frames are rotated for display */
	int		mirrored;
	int		interlaced;
	int		hdr;		/* PQ or HLG: frames are tone-mapped to SDR */
	char		container[48];
	char		video_codec[32];
	char		audio_codec[32];	/* "" without audio */
	int		audio_channels;
	int		audio_rate;
};

/* A rendition to encode. media_ladder() fills it. */
struct media_step {
	enum media_rung	rung;
	int		width;		/* even, square pixels */
	int		height;
	int		maxrate;	/* bit/s, upper limit of the capped CRF */
};

/* Encoder options. 0 or NULL selects the default in the comment. */
struct media_options {
	const char	*preset;	/* x264 preset: "veryfast" */
	int		crf;		/* 23 */
	int		audio_bitrate;	/* bit/s: 128000 */
	int		threads;	/* number of CPUs to use: cgroup_cpus() (base/cgroup.h) */
	int		field_rate;	/* media_transcode_file(): 1 calls media_fields_double() */
	int		allow_silent;	/* 1: a film whose sound cannot be decoded becomes silent; 0: it is refused */
};

/* Bytes of an object. */
struct media_range {
	uint64_t	offset;
	uint32_t	size;
};

struct media_stream_segment {
	uint64_t	offset;		/* of its moof box in the object */
	uint32_t	size;		/* of moof and mdat together */
	uint32_t	duration;	/* in timescale */
	uint32_t	iframe;		/* video: bytes from offset to the end of the first frame; audio: 0 */
};

/* One track of an object, as CMAF by byte ranges. */
struct media_stream {
	char				codecs[24];	/* RFC 6381, of this track: avc1.640028 */
	uint32_t			timescale;
	struct media_range		init;		/* ftyp and moov of this track */
	struct media_range		index;		/* sidx, whose entries reach from one segment to the next; size 0: there is none */
	uint32_t			average, peak;	/* bit/s, of this track */
	uint32_t			iframe_peak;	/* bit/s of the first frames alone, each lasting as long as its segment; audio: 0 */
	size_t				nsegments;	/* 0: the object has no such track */
	struct media_stream_segment	*segments;
};

struct media_rendition {
	enum media_rung		rung;
	int			width;
	int			height;
	int			fps_num;
	int			fps_den;
	uint64_t		size;		/* of the whole object */
	uint32_t		average;	/* bit/s of both tracks, average of the film */
	uint32_t		peak;		/* bit/s of both tracks in the largest segment */
	char			codecs[48];	/* RFC 6381: avc1.640028,mp4a.40.2 */
	double			duration;	/* seconds */
	struct media_stream	video;
	struct media_stream	audio;
};

#define MEDIA_TRACKS_MAX	8	/* audio tracks of a film */
#define MEDIA_AUDIOS_MAX	(3 * MEDIA_TRACKS_MAX)

enum media_purpose {
	MEDIA_PURPOSE_MAIN,
	MEDIA_PURPOSE_DESCRIPTION,	/* audio description */
	MEDIA_PURPOSE_COMMENTARY,
	MEDIA_PURPOSE_CLEAR,		/* voices that are easy to understand, for the hard of hearing */
	MEDIA_PURPOSES
};

/*
 * An audio object: sound alone, for players of HLS and DASH, in segments that begin
 * where those of the video do. Until the film is transcoded, size and stream are 0.
 */
struct media_audio_object {
	int			track;		/* number of the audio track, from 1; the renditions have the first */
	int			object;		/* number of the object, from 0, behind those of the renditions */
	char			language[36];	/* BCP 47; "und" if the file does not state it */
	char			label[128];	/* title of the track in UTF-8, "" if it has none */
	enum media_purpose	purpose;
	int			channels;	/* 2; 6 for 5.1 */
	int			bitrate;	/* that the encoder was asked for, bit/s */
	uint64_t		size;		/* of the object */
	struct media_stream	stream;
};

#define MEDIA_AUDIO_NAME_MAX	32

/* The audio track that a file with sound alone becomes, and the film that it is fitted to. */
struct media_fit {
	char			language[36];	/* BCP 47 */
	enum media_purpose	purpose;
	double			frame_rate;	/* of the film's renditions, on which its grid of segments depends */
	double			seconds;	/* length of the film's video */
};

/* A track of text. */
struct media_text {
	char	language[36];	/* BCP 47; "und" if the file does not state it */
	char	label[128];	/* title of the track in UTF-8, "" if it has none */
	int	is_default;
	int	forced;		/* only what is spoken in another language than the film's */
	int	captions;	/* for the deaf and hard of hearing */
	size_t	cues;
	char	*vtt;		/* WebVTT file in UTF-8, see base/vtt.h */
	size_t	size;		/* bytes of vtt */
};

/* A JPEG file in memory. */
struct media_jpeg {
	uint8_t		*data;
	size_t		size;
	int		width, height;
	double		time;		/* posters: of the frame, seconds */
};

struct media_marker {
	double		start;		/* seconds */
	char		title[120];	/* UTF-8; may be empty */
};

#define MEDIA_THUMBNAIL_SECONDS	10
#define MEDIA_POSTERS_MAX	4
#define MEDIA_MARKERS_MAX	500

/*
 * Previews of a film. Thumbnail n of the storyboard is shown from n * interval_ms
 * on; the thumbnails fill the sheets row by row. Without a storyboard nsheets and count are 0.
 */
struct media_previews {
	int			interval_ms;
	int			columns, rows;	/* of a full sheet; the last one may have fewer rows */
	int			width, height;	/* of a thumbnail, pixels */
	int			count;		/* thumbnails */
	int			nsheets;
	struct media_jpeg	*sheets;
	int			nposters;
	struct media_jpeg	posters[MEDIA_POSTERS_MAX];	/* candidates, the best first */
	int			nmarkers;
	struct media_marker	*markers;	/* the chapters of the source, in the order of time */
	double			end_credits;	/* suggested beginning in seconds; -1 without */
};

struct media_result {
	double			duration;	/* seconds */
	int			nrenditions;
	struct media_rendition	renditions[MEDIA_RUNGS];	/* in the order of steps[] */
	int			naudios;	/* 0: the film has no sound */
	struct media_audio_object	audios[MEDIA_AUDIOS_MAX];	/* by track, stereo before 5.1, then the highest bit rate first */
	int			ntexts;
	struct media_text	*texts;		/* in the order of the file; NULL if there are none */
	struct media_previews	previews;
};

/*
 * Redirects the log of FFmpeg, so that
 * it writes nothing to standard error, at most 100 lines for a film. Call once per process, before any
 * other function. `log` (may be NULL) receives lines without newline on any
 * thread; level is 0 for errors, 1 for warnings. Other levels are dropped.
 */
void	media_init(void (*log)(int level, const char *line));

/*
 * Sets a function that is called once for a film that computes on in one call of
 * FFmpeg although a limit is reached: the process has to end. The text is the
 * sentence of the limit. It is called on a thread of its own; it may exit.
 */
void	media_on_stuck(void (*)(const char *text));

/* Returns the name of a reason in output for programs, such as "not_video" for MEDIA_NOT_VIDEO. */
const char	*media_reason_name(enum media_reason);

/* Returns the name of a rung, such as "R1080" for MEDIA_R1080; media_rung_parse() returns the rung of a name, -1 if unknown. */
const char	*media_rung_name(enum media_rung);
int		media_rung_parse(const char *);

/*
 * Opens and probes a film; reads what FFmpeg needs to detect its tracks
 * (at most 32 MiB or 20 seconds of packets). *out is NULL on failure, else media_close() frees it. The struct
 * media_source is copied; its ctx must outlive *out.
 */
int	media_open(const struct media_source *, struct media **out, struct media_error *);
/*
 * The same for a file with sound alone, which becomes an audio track of a film that was transcoded before. media_transcode() without steps then makes its
 * audio objects, which are as long as the film: what is longer is cut, what is shorter is followed by silence. Files with video, and files whose length
 * differs too much from that of the film, are refused.
 */
int	media_open_sound(const struct media_source *, const struct media_fit *, struct media **out, struct media_error *);
const struct media_info	*media_info(const struct media *);

/*
 * Returns the notes of media_open() and media_transcode(): sentences for the person
 * who uploaded the film, about what was left out or repaired. They are valid
 * until media_close(). Call after media_transcode() has returned.
 */
const char *const	*media_notes(const struct media *, int *count);
void	media_close(struct media *);

/* Makes a frame of each field of an interlaced film, so that 50 fields a second become 50 frames. Call before media_ladder(). */
void	media_fields_double(struct media *);

/* Returns the number of tracks of text that media_transcode() may return, at most MEDIA_TEXTS_MAX. */
int	media_text_tracks(const struct media *);

/*
 * Chooses the renditions to encode from the requested ones
 * (docs/compatibility.md#rendition-ladder), largest first. Returns their
 * number, 0 only if `requested` is empty.
 */
int	media_ladder(const struct media_info *, unsigned requested,
	    struct media_step out[MEDIA_RUNGS]);

/* Returns the name of a purpose, such as "description"; media_purpose_parse() returns the purpose of a name, MEDIA_PURPOSE_MAIN if unknown. */
const char	*media_purpose_name(enum media_purpose);
enum media_purpose	media_purpose_parse(const char *);
/*
 * Fills the audio objects that media_transcode() will make with the same options, and returns their number. Those of a track but the first in
 * which no sound is found are left out of the result: the caller discards the parts that the sink has received.
 */
int	media_audio_objects(const struct media *, const struct media_options *, struct media_audio_object out[MEDIA_AUDIOS_MAX]);
/* Writes the name of an audio object, without folder and suffix, such as audio-1-128. It is unique in a film. */
void	media_audio_name(const struct media_audio_object *, char out[MEDIA_AUDIO_NAME_MAX]);

/*
 * Encodes all renditions of `steps` (largest first, at least one; none after media_open_sound()) in one pass.
 * A struct media can be transcoded once. On success the caller frees the
 * result with media_result_free(). On failure there is nothing to free, and
 * the caller discards the parts that the sink has received. The function
 * returns within a second after cancellation, unless read_at() or part()
 * blocks.
 */
int	media_transcode(struct media *, const struct media_step *steps, int nsteps,
	    const struct media_options *, const struct media_sink *,
	    const struct media_watch *, struct media_result *, struct media_error *);
void	media_result_free(struct media_result *);

/* Frees what the previews own. media_result_free() does so, too. */
void	media_previews_free(struct media_previews *);
/* Returns the most sheets that the storyboard of a film with this duration, in seconds, can have; 0 stands for an unknown duration. */
int	media_storyboard_sheets(double duration);
/* Returns the storyboard as WebVTT, with the URIs of the sheets, as text that the caller frees; NULL if out of memory. Reads no pictures. */
char	*media_storyboard_vtt(const struct media_previews *, double duration, const char *const uris[]);

/*
 * Transcodes a local file into outdir (created if missing): RUNG.mp4 for each
 * rendition, audio-N-128.m4a and audio-N-64.m4a for each audio track, audio-N-surround.m4a for those with 5.1, text-N.vtt for each track of text, and the playlists of
 * media/playlist.h, master.m3u8 and manifest.mpd.
 * `requested` is as for media_ladder(). If `progress` is not 0, progress is written to
 * standard error: a bar if that is a terminal, else a line for each 10 %.
 * Unfinished MP4 files are removed on failure. `result` may be NULL. note()
 * (may be NULL) is called with each note of the film before the function returns,
 * on success and on failure; the text is valid during the call.
 */
int	media_transcode_file(const char *input, const char *outdir, unsigned requested,
	    const struct media_options *, int progress, void (*note)(void *ctx, const char *text), void *ctx,
	    struct media_result *result, struct media_error *);

#endif
