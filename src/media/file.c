/*
 * `wanzami transcode`: transcodes a local file without object storage and queue.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/internal.h"
#include "media/playlist.h"
#include "media/previews.h"

#define PATH_BYTES	4096
#define BAR_CELLS	30

#define OBJECTS_MAX	(MEDIA_RUNGS + MEDIA_AUDIOS_MAX)
#define NAME_BYTES	64
#define SOUND_BYTES	160

/* Output folder of a run. */
struct folder {
	const char		*path;
	const struct media_step	*steps;
	int			nsteps;
	int			nobjects;	/* renditions, then audio objects */
	char			names[OBJECTS_MAX][NAME_BYTES];
	int			fds[OBJECTS_MAX];
	int			error;
};

static int64_t
file_read_at(void *ctx, int64_t offset, void *buf, size_t len)
{
	return (pread(*(int *)ctx, buf, len, offset));
}

static void
file_path(const struct folder *f, const char *name, const char *suffix, char out[PATH_BYTES])
{
	snprintf(out, PATH_BYTES, "%s/%s%s", f->path, name, suffix);
}

static int
folder_part(void *ctx, int object, uint32_t number, uint64_t offset, const void *data, size_t len, int last)
{
	struct folder	*f = ctx;
	size_t		done = 0;
	ssize_t		n;

	(void)number, (void)last;
	while (done < len) {
		n = pwrite(f->fds[object], (const char *)data + done, len - done, (off_t)(offset + done));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			f->error = errno;
			return (-1);
		}
		done += (size_t)n;
	}

	return (0);
}

/* Names the files that are to be written. */
static void
folder_plan(struct folder *f, const struct media *m, const struct media_options *options)
{
	struct media_audio_object	audios[MEDIA_AUDIOS_MAX];
	char				name[MEDIA_AUDIO_NAME_MAX];
	int				naudios = media_audio_objects(m, options, audios), i;

	for (i = 0; i < f->nsteps; i++)
		snprintf(f->names[i], NAME_BYTES, "%s.mp4", media_rung_name(f->steps[i].rung));
	for (i = 0; i < naudios; i++) {
		media_audio_name(&audios[i], name);
		snprintf(f->names[f->nsteps + i], NAME_BYTES, "%s.m4a", name);
	}
	f->nobjects = f->nsteps + naudios;
	for (i = 0; i < OBJECTS_MAX; i++)
		f->fds[i] = -1;
}

static int
folder_open(struct folder *f, struct media_error *error)
{
	char	path[PATH_BYTES];
	int	i;

	if (mkdir(f->path, 0777) == -1 && errno != EEXIST)
		return (media_fail(error, MEDIA_SINK, "%s cannot be created: %s.", f->path, strerror(errno)));
	for (i = 0; i < f->nobjects; i++) {
		file_path(f, f->names[i], "", path);
		if ((f->fds[i] = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) == -1)
			return (media_fail(error, MEDIA_SINK, "%s cannot be written: %s.", path, strerror(errno)));
	}

	return (MEDIA_OK);
}

/* Returns 1 if an object is in the result; audio objects without sound are not. */
static int
object_made(const struct folder *f, const struct media_result *result, int object)
{
	int	i;

	for (i = 0; i < result->naudios && f->nsteps + result->audios[i].object != object; i++)
		;

	return (object < f->nsteps || i < result->naudios);
}

/* Closes the files and removes those that are not in the result; all if it is NULL. */
static void
folder_close(struct folder *f, const struct media_result *result)
{
	char	path[PATH_BYTES];
	int	i;

	for (i = 0; i < f->nobjects; i++) {
		if (f->fds[i] == -1)
			continue;
		close(f->fds[i]);
		file_path(f, f->names[i], "", path);
		if (result == NULL || !object_made(f, result, i))
			unlink(path);
	}
}

/* Writes a text file and frees the text. */
static int
text_write(const struct folder *f, const char *name, char *text, struct media_error *error)
{
	char	path[PATH_BYTES];
	FILE	*fp;
	int	ok;

	if (text == NULL)
		return (media_fail(error, MEDIA_MEMORY, "Out of memory."));
	file_path(f, name, "", path);
	if ((ok = (fp = fopen(path, "w")) != NULL)) {
		ok = fputs(text, fp) >= 0;
		ok = fclose(fp) == 0 && ok;
	}
	free(text);

	return (ok ? MEDIA_OK : media_fail(error, MEDIA_SINK, "%s cannot be written: %s.", path, strerror(errno)));
}

/* Writes the tracks of text as text-1.vtt, text-2.vtt, ..., and their playlists. `numbers` holds the numbers that `list` names. */
static int
texts_write(const struct folder *f, const struct media_result *result, char numbers[][12], struct media_subtitle *list, struct media_error *error)
{
	const struct media_text	*t;
	char			name[32], playlist[32];
	int			i;

	for (i = 0; i < result->ntexts; i++) {
		t = &result->texts[i];
		snprintf(numbers[i], 12, "%d", i + 1);
		snprintf(name, sizeof(name), "text-%d.vtt", i + 1);
		snprintf(playlist, sizeof(playlist), "t-%d.m3u8", i + 1);
		list[i] = (struct media_subtitle){ .id = numbers[i], .tag = t->language, .name = *t->label != '\0' ? t->label : t->language,
		    .is_default = t->is_default, .forced = t->forced, .captions = t->captions };
		if (text_write(f, name, strdup(t->vtt), error) != MEDIA_OK || text_write(f, playlist, media_hls_text(result->duration, name), error) != MEDIA_OK)
			return (error->reason);
	}

	return (MEDIA_OK);
}

/* Writes the DASH manifest, which is freed, with the tracks of text of texts_write(). */
static int
dash_write(const struct folder *f, char *manifest, const struct media_subtitle *texts, int n, struct media_error *error)
{
	char		names[MEDIA_TEXTS_MAX][32];
	const char	*uris[MEDIA_TEXTS_MAX];
	int		i;

	for (i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "text-%d.vtt", i + 1);
		uris[i] = names[i];
	}

	return (text_write(f, "manifest.mpd", media_dash_texts(manifest, texts, n, uris), error));
}

static int
playlist_write(const struct folder *f, enum media_list kind, const char *what, const struct media_stream *s, const char *uri, struct media_error *error)
{
	char	name[MEDIA_LIST_NAME_MAX];

	media_list_name(kind, what, name);

	return (text_write(f, name, media_hls_media(s, kind, uri, 0), error));
}

/* Names an audio object: its playlist, such as de-description-64, and for viewers, as wanzami.audio_listed() does, but by the tag of its language. */
static void
sound_name(const struct media_result *result, const struct media_audio_object *o, char id[NAME_BYTES], char name[SOUND_BYTES])
{
	static const char *const	purposes[MEDIA_PURPOSES] = { "", " (audio description)", " (commentary)", " (clear speech)" };
	/* The file gives no language for its viewers. */
	const char			*language = strcmp(o->language, "und") != 0 ? o->language : "Original";
	int				main = o->purpose == MEDIA_PURPOSE_MAIN;
	char				rate[16] = "";

	if (o->channels > result->audios[0].channels)
		snprintf(rate, sizeof(rate), "-surround");
	else if (o->bitrate < result->audios[0].bitrate)
		snprintf(rate, sizeof(rate), "-%d", o->bitrate / 1000);
	snprintf(id, NAME_BYTES, "%s%s%s%s", o->language, main ? "" : "-", main ? "" : media_purpose_name(o->purpose), rate);
	if (o->purpose == MEDIA_PURPOSE_COMMENTARY && *o->label != '\0')
		snprintf(name, SOUND_BYTES, "%s", o->label);
	else
		snprintf(name, SOUND_BYTES, "%s%s", language, purposes[o->purpose]);
}

/* Writes the playlists of the audio objects, and fills `list`. `ids` and `names` hold the names that it refers to. */
static int
sounds_write(const struct folder *f, const struct media_result *result, char ids[][NAME_BYTES], char names[][SOUND_BYTES],
    struct media_sound_listed *list, struct media_error *error)
{
	const struct media_audio_object	*o;
	int				i;

	for (i = 0; i < result->naudios; i++) {
		o = &result->audios[i];
		sound_name(result, o, ids[i], names[i]);
		list[i] = (struct media_sound_listed){ .id = ids[i], .track = o->track, .tag = o->language, .name = names[i], .purpose = o->purpose,
		    .channels = o->channels, .bitrate = o->bitrate, .uri = f->names[f->nsteps + o->object], .stream = &o->stream };
		if (playlist_write(f, MEDIA_LIST_AUDIO, ids[i], &o->stream, list[i].uri, error) != MEDIA_OK)
			return (error->reason);
	}

	return (MEDIA_OK);
}

static int
playlists_write(const struct folder *f, const struct media_result *result, struct media_error *error)
{
	const struct media_rendition	*list = result->renditions;
	struct media_subtitle		texts[MEDIA_TEXTS_MAX];
	struct media_sound_listed	sounds[MEDIA_AUDIOS_MAX];
	char				ids[MEDIA_AUDIOS_MAX][NAME_BYTES], names[MEDIA_AUDIOS_MAX][SOUND_BYTES], numbers[MEDIA_TEXTS_MAX][12];
	const char			*uris[MEDIA_RUNGS], *rung;
	int				i, n = result->nrenditions, nsounds = result->naudios;

	for (i = 0; i < n; i++) {
		uris[i] = f->names[i];
		rung = media_rung_name(list[i].rung);
		if (playlist_write(f, MEDIA_LIST_VIDEO, rung, &list[i].video, uris[i], error) != MEDIA_OK ||
		    playlist_write(f, MEDIA_LIST_IFRAMES, rung, &list[i].video, uris[i], error) != MEDIA_OK)
			return (error->reason);
	}
	if (texts_write(f, result, numbers, texts, error) != MEDIA_OK || sounds_write(f, result, ids, names, sounds, error) != MEDIA_OK ||
	    text_write(f, "master.m3u8", media_hls_master(list, n, sounds, nsounds, texts, result->ntexts, ""), error) != MEDIA_OK)
		return (error->reason);

	return (dash_write(f, media_dash(list, n, sounds, nsounds, uris), texts, result->ntexts, error));
}

static void
bar_draw(void *ctx, const struct media_progress *p)
{
	int	*last = ctx, cells = (int)(p->percent / 100 * BAR_CELLS);

	if (isatty(STDERR_FILENO)) {
		fprintf(stderr, "\r[%.*s%*s] %5.1f %%  %.0f of %.0f s  %.0f frames/s ", cells, "##############################",
		    BAR_CELLS - cells, "", p->percent, p->seconds, p->duration, p->fps);
	} else if ((int)p->percent / 10 != *last) {
		*last = (int)p->percent / 10;
		fprintf(stderr, "%d %%\n", *last * 10);
	}
}

static int
film_transcode(struct media *m, const char *outdir, unsigned requested, const struct media_options *options, int progress,
    struct media_result *result, struct media_error *error)
{
	struct media_step	steps[MEDIA_RUNGS];
	struct folder		f = { .path = outdir, .steps = steps };
	struct media_sink	sink = { .ctx = &f, .part = folder_part };
	int			last = -1, status;
	struct media_watch	watch = { .ctx = &last, .progress = bar_draw };

	if (options != NULL && options->field_rate)
		media_fields_double(m);
	f.nsteps = media_ladder(media_info(m), requested, steps);
	if (f.nsteps == 0)
		return (media_fail(error, MEDIA_INTERNAL, "No rendition was requested."));
	folder_plan(&f, m, options);
	status = folder_open(&f, error);
	if (status == MEDIA_OK)
		status = media_transcode(m, steps, f.nsteps, options, &sink, progress ? &watch : NULL, result, error);
	if (progress && isatty(STDERR_FILENO))
		fprintf(stderr, "\r%*s\r", BAR_CELLS + 50, "");
	if (f.error != 0)
		snprintf(error->text, sizeof(error->text), "%s cannot be written: %s.", outdir, strerror(f.error));
	if (status == MEDIA_OK && ((status = playlists_write(&f, result, error)) != MEDIA_OK ||
	    (status = media_previews_write(outdir, result, error)) != MEDIA_OK))
		media_result_free(result);
	folder_close(&f, status == MEDIA_OK ? result : NULL);

	return (status);
}

static void
notes_report(const struct media *m, void (*note)(void *, const char *), void *ctx)
{
	const char *const	*texts;
	int			i, n;

	texts = media_notes(m, &n);
	for (i = 0; note != NULL && i < n; i++)
		note(ctx, texts[i]);
}

int
media_transcode_file(const char *input, const char *outdir, unsigned requested, const struct media_options *options, int progress,
    void (*note)(void *, const char *), void *ctx, struct media_result *result, struct media_error *error)
{
	struct media_result	own;
	struct media_source	source;
	struct media		*m;
	struct stat		st;
	int			fd, status;

	memset(error, 0, sizeof(*error));
	if ((fd = open(input, O_RDONLY | O_CLOEXEC)) == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		status = media_fail(error, MEDIA_SOURCE, "%s cannot be read: %s.", input, fd == -1 ? strerror(errno) : "not a regular file");
		if (fd != -1)
			close(fd);
		return (status);
	}
	source = (struct media_source){ .ctx = &fd, .size = st.st_size, .read_at = file_read_at };
	if ((status = media_open(&source, &m, error)) == MEDIA_OK) {
		status = film_transcode(m, outdir, requested, options, progress, result != NULL ? result : &own, error);
		notes_report(m, note, ctx);
		media_close(m);
		if (status == MEDIA_OK && result == NULL)
			media_result_free(&own);
	}
	close(fd);

	return (status);
}
