/*
 * One film: look into it, decide its renditions, decode it once and write
 * every rendition as one fragmented MP4 that plays progressively, as HLS
 * and as DASH. A pure library over the FFmpeg libraries: no HTTP, no SQL.
 *
 * Threads: one struct media is used by one thread at a time, several may
 * live in different threads. What is called back says on which thread.
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

/* Renditions (docs/compatibility.md#rendition-ladder); bit n of a request is 1u << n. */
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
	MEDIA_EMPTY,		/* zero bytes */
	MEDIA_NOT_VIDEO,	/* no container we know, or nothing decodes */
	MEDIA_NO_PICTURE,	/* sound only */
	MEDIA_UNSUPPORTED,	/* a codec we do not carry, DRM */
	MEDIA_TRUNCATED,	/* shorter than it says, or its index is missing */
	MEDIA_DAMAGED,		/* too much of it does not decode */
	MEDIA_TOO_LARGE,	/* over MEDIA_MAX_* */
	MEDIA_SOURCE,		/* read_at failed: retry */
	MEDIA_SINK,		/* part() failed: retry */
	MEDIA_CANCELED,		/* watch->canceled said so */
	MEDIA_MEMORY,		/* out of memory: retry */
	MEDIA_INTERNAL		/* a library refused what it should not */
};

#define MEDIA_MAX_SIDE		8192			/* pixels */
#define MEDIA_MAX_PIXELS	(8192 * 4608)
#define MEDIA_MAX_STREAMS	64
#define MEDIA_MAX_SECONDS	(12 * 3600)
#define MEDIA_SEGMENT_SECONDS	2
#define MEDIA_PART_MIN		(5u << 20)	/* S3's smallest part but the last */

struct media_error {
	enum media_reason	reason;
	int			retry;		/* the same film may work later */
	char			text[256];	/* one sentence or two, no line break */
};

/*
 * Where the film is read from. read_at returns the bytes read (short reads
 * are fine, 0 only at the end) or a negative number, which makes the whole
 * run fail with MEDIA_SOURCE. Called on the thread that called us, mostly
 * forward in pieces of up to 1 MiB. The memory stays the caller's.
 */
struct media_source {
	void		*ctx;
	int64_t		size;
	int64_t		(*read_at)(void *ctx, int64_t offset, void *buf, size_t len);
};

/*
 * Where finished bytes go. Every byte of the object of steps[rendition] is
 * delivered exactly once, as numbered parts of an S3 multipart upload:
 * parts 2, 3, ... as they are made, part 1 last because it holds the index.
 * `offset` is the part's place in the object, final from the start. Every
 * part but the highest-numbered is at least MEDIA_PART_MIN long; `last` is
 * set on the call after which nothing more comes for this rendition.
 * Called on the rendition's own thread: calls for one rendition never
 * overlap, calls for different ones do. Non-zero fails the run (MEDIA_SINK).
 */
struct media_sink {
	void		*ctx;
	int		(*part)(void *ctx, int rendition, uint32_t number,
			    uint64_t offset, const void *data, size_t len, int last);
};

struct media_progress {
	double		percent;		/* 0..100, never falls */
	double		seconds;		/* of the film, done by all renditions */
	double		duration;		/* 0 while unknown */
	double		fps;			/* frames a second of wall-clock time */
	int		renditions;
	double		done[MEDIA_RUNGS];	/* seconds, in the order of steps[] */
};

/*
 * Both may be NULL and are called on the thread that called us: progress
 * at most five times a second, canceled at least every 100 ms unless
 * read_at blocks for longer.
 */
struct media_watch {
	void		*ctx;
	void		(*progress)(void *ctx, const struct media_progress *);
	int		(*canceled)(void *ctx);
};

struct media_info {
	double		duration;	/* seconds, 0 when the file does not say */
	int		width;		/* as shown: upright, square pixels */
	int		height;
	int		fps_num;	/* constant rate of what is made of it */
	int		fps_den;
	int		rotation;	/* degrees clockwise that were applied */
	int		mirrored;
	int		interlaced;
	int		hdr;		/* PQ or HLG: will be tone-mapped */
	char		container[48];
	char		video_codec[32];
	char		audio_codec[32];	/* "" without sound */
	int		audio_channels;
	int		audio_rate;
};

/* One rendition to be made. media_ladder fills it. */
struct media_step {
	enum media_rung	rung;
	int		width;		/* even, square pixels */
	int		height;
	int		maxrate;	/* bit/s, bound of the capped CRF */
};

/* Zero or NULL means the default that stands behind. */
struct media_options {
	const char	*preset;	/* of x264: "veryfast" */
	int		crf;		/* 23 */
	int		audio_bitrate;	/* bit/s: 128000 */
	int		threads;	/* CPUs to use: those we may run on */
};

struct media_segment {
	uint64_t	offset;		/* of the moof, in the object */
	uint32_t	size;		/* moof and mdat */
	double		duration;	/* seconds */
};

struct media_rendition {
	enum media_rung		rung;
	int			width;
	int			height;
	int			fps_num;
	int			fps_den;
	uint64_t		size;		/* of the whole object */
	uint32_t		init_size;	/* ftyp and moov: bytes 0..init_size-1 */
	uint64_t		index_offset;	/* of the sidx, which ends where segments[0] begins */
	uint32_t		index_size;
	uint32_t		average;	/* bit/s over the film */
	uint32_t		peak;		/* bit/s of the largest segment */
	char			codecs[40];	/* RFC 6381: avc1.640028,mp4a.40.2 */
	double			duration;	/* seconds */
	size_t			nsegments;
	struct media_segment	*segments;
};

struct media_result {
	double			duration;	/* seconds */
	int			nrenditions;
	struct media_rendition	renditions[MEDIA_RUNGS];	/* as steps[] */
};

/*
 * Once per process, before anything else: bounds what FFmpeg may allocate
 * in one piece and takes over its log, so that nothing of it reaches standard
 * error. `log` (may be NULL) gets lines without newline, from any thread;
 * level is 0 for errors, 1 for warnings. Other levels are dropped.
 */
void	media_init(void (*log)(int level, const char *line));

/* "R1080" for MEDIA_R1080; and back: the rung, or -1. */
const char	*media_rung_name(enum media_rung);
int		media_rung_parse(const char *);

/*
 * Opens and probes a film; reads a bounded amount of it. *out is NULL on
 * failure, else media_close frees it. The source is copied; what its ctx is must outlive it.
 */
int	media_open(const struct media_source *, struct media **out, struct media_error *);
const struct media_info	*media_info(const struct media *);
void	media_close(struct media *);

/*
 * Which renditions to make of what was requested
 * (docs/compatibility.md#rendition-ladder), largest first. Returns their
 * number, 0 only if `requested` is empty.
 */
int	media_ladder(const struct media_info *, unsigned requested,
	    struct media_step out[MEDIA_RUNGS]);

/*
 * Makes all renditions of `steps` (largest first, at least one) in one pass.
 * A struct media can be transcoded once. On success the caller frees the
 * result with media_result_free; on failure there is nothing to free, and
 * what the sink got so far is to be thrown away. Unless read_at or part
 * block, it returns within a second after cancellation.
 */
int	media_transcode(struct media *, const struct media_step *steps, int nsteps,
	    const struct media_options *, const struct media_sink *,
	    const struct media_watch *, struct media_result *, struct media_error *);
void	media_result_free(struct media_result *);

/*
 * Playlists as text, malloc'ed; NULL without memory. RFC 8216 (version 7,
 * byte ranges into the one object) and ISO 23009-1 (on-demand profile).
 * `uris` are in the order of the renditions: of the media playlists for the
 * master, of the objects for the other two. They are written as they are into
 * the HLS texts and escaped for XML into the MPD.
 */
char	*media_hls_master(const struct media_result *, const char *const uris[]);
char	*media_hls_media(const struct media_rendition *, const char *uri);
char	*media_dash(const struct media_result *, const char *const uris[]);

/*
 * Transcodes a local file into outdir (made if missing): RUNG.mp4 and
 * RUNG.m3u8 for every rendition, master.m3u8 and manifest.mpd. `requested` as
 * for media_ladder. If `progress` is not 0 a progress bar goes to standard
 * error when that is a terminal, else a line now and then. Half-made
 * files are removed on failure. `result` may be NULL.
 */
int	media_transcode_file(const char *input, const char *outdir, unsigned requested,
	    const struct media_options *, int progress,
	    struct media_result *result, struct media_error *);

#endif
