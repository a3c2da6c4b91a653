/*
 * Playback (docs/playback.md#urls-of-a-film): the URLs of a film, and its HLS and
 * DASH playlists, which are made from the database. Players send no token with
 * a playlist: its URL holds a signed token of film and viewer (http/sign.h), and
 * each playlist checks again that the viewer has access.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/playback_session.h"
#include "api/playlist_cache.h"
#include "base/conf.h"
#include "http/client.h"
#include "http/generation.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/sign.h"
#include "http/signed_token.h"
#include "http/sql.h"
#include "media/playlist.h"
#include "store/objects.h"

#define CACHE		"private, max-age=60"
#define HLS_TYPE	"application/vnd.apple.mpegurl"
#define DASH_TYPE	"application/dash+xml"
#define VTT_TYPE	"text/vtt"

static const struct param	audience_query[] = {
	PARAMS_AUDIENCE,
	PARAM_END
};

/* Answers with the film as the statement finds it. play is the session, NULL for editors. */
static void
playback_reply(struct request *r, const char *play, const char *statement)
{
	request_param(r, "play", play);
	request_param(r, "editor", play == NULL ? "1" : NULL);
	request_param(r, "enforcement", conf_str(CONF_PPV_ENFORCEMENT));
	request_param(r, "urlSeconds", request_format(r, "%d", objects_presign_seconds(SIGN_PLAY_SECONDS)));
	sql_reply(r, statement);
}

/* kind is that of the film in a session: "t" or "e". */
static void
playback_reply_viewer(struct request *r, const char *kind, const char *statement)
{
	char	session[SIGNED_TOKEN_MAX];

	guard_optional(r);
	playback_session_new(r, request_format(r, "%s%s", kind, r->args[0] + strspn(r->args[0], "0")), session);
	playback_reply(r, session, statement);
}

ROUTE(GET, "/api/titles/:id/playback", playback_title, .query = audience_query, .id = "title");

static void
playback_title(struct request *r)
{
	playback_reply_viewer(r, "t", "playback/title");
}

ROUTE(GET, "/api/episodes/:id/playback", playback_episode, .query = audience_query, .id = "episode");

static void
playback_episode(struct request *r)
{
	playback_reply_viewer(r, "e", "playback/episode");
}

/* The film as editors see it: also before it is published, and without the rules of pay per view. */
#define EDITED	.guard = "movies:view", .strict = 1

ROUTE(GET, "/api/admin/titles/:id/playback", playback_title_edited, EDITED, .id = "title");

static void
playback_title_edited(struct request *r)
{
	playback_reply(r, NULL, "playback/title-edited");
}

ROUTE(GET, "/api/admin/episodes/:id/playback", playback_episode_edited, EDITED, .id = "episode");

static void
playback_episode_edited(struct request *r)
{
	playback_reply(r, NULL, "playback/episode-edited");
}

/* A requested playlist. The list is a letter: one of enum media_list, or LIST_*. The storyboard counts as a playlist. */
#define LIST_MASTER	'm'
#define LIST_DASH	'd'
#define LIST_PREVIEWS	'p'
#define LIST_TEXT	't'

#define TEXT_COLUMNS	7	/* of a line of texts */
#define SOUNDS_MAX	64	/* of a film */

struct asked {
	int		list;
	const char	*what;		/* rung, language or id of a media playlist, "" for others */
	int		define;		/* HLS: the URI of the segments is a variable */
	const char	*key;		/* in the cache */
	unsigned long	generation;	/* of the catalogue before the statement */
};

/* The film that the statement has returned. */
struct found {
	struct media_rendition	list[MEDIA_RUNGS];
	const char		*keys[MEDIA_RUNGS];	/* object keys */
	int			n;
	struct media_sound_listed	sounds[SOUNDS_MAX];		/* their URI is set by dash_make() */
	struct media_stream	streams[SOUNDS_MAX];		/* of audio objects */
	const char		*sound_keys[SOUNDS_MAX];	/* object keys */
	int			nsounds;
	struct media_subtitle	*texts;
	const char		**text_keys;
	int			ntexts;
};

/* Reads the name of a playlist. Returns 0 if no film has a playlist with this name. */
static int
asked_read(struct request *r, struct asked *a)
{
	const char	*name = r->args[1], *end = strrchr(name, '.');
	char		define[8];

	a->what = "";
	a->define = !query_get(r, "define", define, sizeof(define)) || strcmp(define, "0") != 0;
	if (!strcmp(name, "master.m3u8"))
		a->list = LIST_MASTER;
	else if (!strcmp(name, "manifest.mpd"))
		a->list = LIST_DASH;
	else if (!strcmp(name, "previews.vtt"))
		a->list = LIST_PREVIEWS;
	else if (strchr("aitv", *name) == NULL || name[1] != '-' || end == NULL || strcmp(end, ".m3u8") != 0)
		return (0);
	else {
		a->list = (unsigned char)*name;
		a->what = request_format(r, "%.*s", (int)(end - name - 2), name + 2);
	}

	return (a->list != MEDIA_LIST_VIDEO && a->list != MEDIA_LIST_IFRAMES ? 1 : media_rung_parse(a->what) >= 0);
}

/* Returns the key of the playlist in the cache: all that its text depends on, except the objects. */
static const char *
asked_key(struct request *r, const struct asked *a, const char *film)
{
	char	base[SIGN_BASE_MAX];

	sign_base(r, base);

	return (request_format(r, "%s %s %s %d %lld", base, film, r->args[1], a->define,
	    a->list == LIST_MASTER ? 0 : (long long)time(NULL) / SIGN_STEADY_SECONDS));
}

static const char *
column(const PGresult *res, int row, const char *name)
{
	int	n = PQfnumber(res, name);

	return (n < 0 || PQgetisnull(res, row, n) ? NULL : PQgetvalue(res, row, n));
}

static uint64_t
number(const PGresult *res, int row, const char *name)
{
	const char	*text = column(res, row, name);

	return (text != NULL ? strtoull(text, NULL, 10) : 0);
}

/* Reads the next element of an array of numbers, "{1,2,3}"; 0 behind the last. *p is the bracket or comma before it. */
static uint64_t
element(const char **p)
{
	uint64_t	n;
	char		*end;

	if (**p == '\0')
		return (0);
	n = strtoull(*p + 1, &end, 10);
	*p = end;

	return (n);
}

static void
segments_read(struct request *r, const PGresult *res, int row, struct media_stream *s)
{
	const char	*offsets = column(res, row, "offsets"), *sizes = column(res, row, "sizes"), *durations = column(res, row, "durations"),
			*iframes = column(res, row, "iframes");
	size_t		i;

	if (offsets == NULL || sizes == NULL || durations == NULL || iframes == NULL)
		return;
	s->segments = request_alloc(r, s->nsegments * sizeof(*s->segments));
	for (i = 0; i < s->nsegments; i++) {
		s->segments[i].offset = element(&offsets);
		s->segments[i].size = (uint32_t)element(&sizes);
		s->segments[i].duration = (uint32_t)element(&durations);
		s->segments[i].iframe = (uint32_t)element(&iframes);
	}
}

static void
stream_read(struct request *r, const PGresult *res, int row, struct media_stream *s)
{
	snprintf(s->codecs, sizeof(s->codecs), "%s", column(res, row, "codecs"));
	s->timescale = (uint32_t)number(res, row, "timescale");
	s->init = (struct media_range){ number(res, row, "init_offset"), (uint32_t)number(res, row, "init_size") };
	s->index = (struct media_range){ number(res, row, "index_offset"), (uint32_t)number(res, row, "index_size") };
	s->peak = (uint32_t)number(res, row, "bandwidth");
	s->average = (uint32_t)number(res, row, "average_bandwidth");
	s->iframe_peak = (uint32_t)number(res, row, "iframe_bandwidth");
	s->nsegments = (size_t)number(res, row, "segments");
	segments_read(r, res, row, s);
}

/* Sets the frame rate as a fraction: 25/1, 24000/1001. */
static void
frame_rate_set(struct media_rendition *m, double rate)
{
	long	whole = lround(rate);

	m->fps_den = fabs(rate - (double)whole) < 1e-6 ? 1 : fabs(rate * 1.001 - (double)lround(rate * 1.001)) < 1e-4 ? 1001 : 1000;
	m->fps_num = (int)(m->fps_den == 1 ? whole : m->fps_den == 1001 ? lround(rate * 1.001) * 1000 : lround(rate * 1000));
}

static void
rendition_read(const PGresult *res, int row, struct media_rendition *m)
{
	const char	*rate = column(res, row, "frame_rate");

	m->rung = (enum media_rung)media_rung_parse(column(res, row, "rung"));
	m->width = (int)number(res, row, "width");
	m->height = (int)number(res, row, "height");
	m->peak = (uint32_t)number(res, row, "peak");
	m->duration = (double)number(res, row, "duration_ms") / 1000;
	frame_rate_set(m, rate != NULL ? strtod(rate, NULL) : 0);
}

/* Reads the tracks of text: a line for each, with tabs between its columns. */
static void
texts_read(struct request *r, const char *list, struct found *f)
{
	char	*rest, *line, *columns[TEXT_COLUMNS];
	size_t	i, n;

	for (n = 1, i = 0; list[i] != '\0'; i++)
		n += list[i] == '\n';
	f->texts = request_alloc(r, n * sizeof(*f->texts));
	f->text_keys = request_alloc(r, n * sizeof(*f->text_keys));
	rest = request_copy(r, list);
	while ((line = strsep(&rest, "\n")) != NULL) {
		for (i = 0; i < TEXT_COLUMNS && (columns[i] = strsep(&line, "\t")) != NULL; i++)
			;
		if (i < TEXT_COLUMNS)
			continue;
		f->text_keys[f->ntexts] = columns[5];
		f->texts[f->ntexts++] = (struct media_subtitle){ .id = columns[0], .tag = columns[1], .captions = *columns[2] == '1',
		    .is_default = *columns[3] == '1', .forced = *columns[4] == '1', .name = columns[6] };
	}
}

/* Reads an audio object. */
static void
sound_read(struct request *r, const PGresult *res, int row, struct found *f)
{
	struct media_stream	*s = &f->streams[f->nsounds];
	const char		*purpose = column(res, row, "purpose");

	stream_read(r, res, row, s);
	f->sound_keys[f->nsounds] = column(res, row, "object_key");
	f->sounds[f->nsounds++] = (struct media_sound_listed){ .id = column(res, row, "id"), .track = (int)number(res, row, "track"),
	    .tag = column(res, row, "object_tag"), .name = column(res, row, "object_name"), .purpose = media_purpose_parse(purpose != NULL ? purpose : ""),
	    .channels = (int)number(res, row, "channels"), .bitrate = (int)number(res, row, "bitrate"), .stream = s };
}

/* Takes the sound of the smallest rendition, of a film without audio objects. */
static void
sound_default(const PGresult *res, struct found *f)
{
	int	from = media_sound_of(f->list, f->n, column(res, 0, "tag"), column(res, 0, "name"), &f->sounds[0]);

	if (from < 0)
		return;
	f->sound_keys[0] = f->keys[from];
	f->nsounds = 1;
}

static void
found_read(struct request *r, const PGresult *res, struct found *f)
{
	const char	*texts = column(res, 0, "texts");
	const char	*rung, *last = "";
	int		row;

	if (texts != NULL)
		texts_read(r, texts, f);
	for (row = 0; row < PQntuples(res) && (rung = column(res, row, "rung")) != NULL; row++, last = rung) {
		if (strcmp(rung, last) && f->n == MEDIA_RUNGS)
			return;
		if (strcmp(rung, last)) {
			f->keys[f->n] = column(res, row, "object_key");
			rendition_read(res, row, &f->list[f->n++]);
		}
		stream_read(r, res, row, !strcmp(column(res, row, "kind"), "audio") ? &f->list[f->n - 1].audio : &f->list[f->n - 1].video);
	}
	/* Audio objects come last. */
	for (; row < PQntuples(res) && column(res, row, "id") != NULL && f->nsounds < SOUNDS_MAX; row++)
		sound_read(r, res, row, f);
	if (f->nsounds == 0)
		sound_default(res, f);
}

/* Returns the index of the rendition, the sound or the track of text that a media playlist lists, -1 if there is none. */
static int
rendition_find(const struct found *f, const struct asked *a)
{
	int	i;

	if (a->list == LIST_TEXT) {
		for (i = f->ntexts - 1; i >= 0 && strcmp(f->texts[i].id, a->what) != 0; i--)
			;
		return (i);
	}
	if (a->list == MEDIA_LIST_AUDIO) {
		for (i = f->nsounds - 1; i >= 0 && strcmp(f->sounds[i].id, a->what) != 0; i--)
			;
		return (i);
	}
	for (i = f->n - 1; i >= 0 && strcmp(media_rung_name(f->list[i].rung), a->what) != 0; i--)
		;

	return (i >= 0 && a->list == MEDIA_LIST_IFRAMES && f->list[i].video.iframe_peak == 0 ? -1 : i);
}

static char *
dash_make(struct request *r, struct found *f)
{
	const char	*uris[MEDIA_RUNGS];
	int		i;

	for (i = 0; i < f->n; i++) {
		if ((uris[i] = sign_object(r, f->keys[i])) == NULL)
			return (NULL);
	}
	for (i = 0; i < f->nsounds; i++) {
		if ((f->sounds[i].uri = sign_object(r, f->sound_keys[i])) == NULL)
			return (NULL);
	}

	return (media_dash(f->list, f->n, f->sounds, f->nsounds, uris));
}

/* Adds the tracks of text to a DASH manifest. */
static char *
dash_texts(struct request *r, const struct found *f, char *manifest)
{
	const char	**uris = request_alloc(r, (size_t)f->ntexts * sizeof(*uris));
	int		i;

	for (i = 0; i < f->ntexts; i++) {
		if ((uris[i] = sign_object(r, f->text_keys[i])) == NULL) {
			free(manifest);
			return (NULL);
		}
	}

	return (media_dash_texts(manifest, f->texts, f->ntexts, uris));
}

/* Returns the text of a playlist, NULL if no URL can be signed. `i` is that of rendition_find(). */
static char *
playlist_make(struct request *r, struct found *f, const struct asked *a, int i)
{
	const char	*uri, *key;

	if (a->list == LIST_MASTER)
		return (media_hls_master(f->list, f->n, f->sounds, f->nsounds, f->texts, f->ntexts, a->define ? "" : "?define=0"));
	if (a->list == LIST_DASH)
		return (dash_texts(r, f, dash_make(r, f)));
	key = a->list == LIST_TEXT ? f->text_keys[i] : a->list == MEDIA_LIST_AUDIO ? f->sound_keys[i] : f->keys[i];
	if ((uri = sign_object(r, key)) == NULL)
		return (NULL);
	if (a->list == LIST_TEXT)
		return (media_hls_text(f->list[0].duration, uri));

	return (media_hls_media(a->list == MEDIA_LIST_AUDIO ? f->sounds[i].stream : &f->list[i].video, (enum media_list)a->list, uri, a->define));
}

/* Returns 1 if the statement has returned no segments because the cache had the playlist then. */
static int
segments_missing(const struct found *f, const struct asked *a, int rendition)
{
	if (a->list == LIST_MASTER || a->list == LIST_TEXT)
		return (0);
	if (a->list == MEDIA_LIST_AUDIO)
		return (f->sounds[rendition].stream->segments == NULL);

	return (f->list[a->list == LIST_DASH ? 0 : rendition].video.segments == NULL);
}

static void	playlist_found(struct request *, const PGresult *);

static void	storyboard_found(struct request *, const PGresult *);

/* Asks the database for access, and for the segments, unless the cache has this version. */
static void
playlist_ask(struct request *r, const char *version)
{
	struct asked	*a = r->state;

	if ((a->generation = generation_now()) == GENERATION_NONE)
		generation_refresh();
	if (a->list == LIST_PREVIEWS) {
		sql_query(r, "playback/previews", storyboard_found);
		return;
	}
	request_param(r, "version", version);
	sql_query(r, "playback/playlist", playlist_found);
}

/* Answers from the cache and returns 1, or returns 0. Notes if all viewers may have the playlist, so that the next one need not ask for access. */
static int
playlist_reply(struct request *r, const PGresult *res, const char *version)
{
	const struct asked	*a = r->state;
	const char		*everyone = sql_text(res, "everyone");

	if (!playlist_cache_reply(r, a->key, version))
		return (0);
	playlist_cache_admit(a->key, everyone != NULL && *everyone == 't' ? a->generation : GENERATION_NONE);

	return (1);
}

static void
playlist_found(struct request *r, const PGresult *res)
{
	const struct asked	*a = r->state;
	const char		*allowed = sql_text(res, "allowed"), *version = sql_text(res, "version");
	struct found		*f;
	char			*text;
	int			rendition = -1;

	if (allowed != NULL && *allowed != 't') {
		reply_message(r, 403, "Purchase required to access this title.");
		return;
	}
	f = request_alloc(r, sizeof(*f));
	if (version != NULL)
		found_read(r, res, f);
	if (f->n == 0 || (a->list != LIST_MASTER && a->list != LIST_DASH && (rendition = rendition_find(f, a)) < 0)) {
		reply_message(r, 404, "Playlist not found");
		return;
	}
	r->cache = CACHE;
	if (playlist_reply(r, res, version))
		return;
	if (segments_missing(f, a, rendition)) {
		playlist_ask(r, "");
		return;
	}
	if ((text = playlist_make(r, f, a, rendition)) == NULL) {
		r->cache = "no-store";
		reply_message(r, 503, "Service unavailable");
		return;
	}
	playlist_cache_add(a->key, version, a->list == LIST_DASH ? DASH_TYPE : HLS_TYPE, text);
	(void)playlist_reply(r, res, version);
}

/* Reads the storyboard of a film (wanzami.preview). Returns the object keys of its sheets, NULL if it has none. */
static const char **
storyboard_read(struct request *r, const PGresult *res, struct media_previews *p)
{
	const char	*sheets = sql_text(res, "sheets"), **keys;
	char		*rest;
	int		i;

	if (sheets == NULL)
		return (NULL);
	p->interval_ms = (int)number(res, 0, "interval_ms");
	p->columns = (int)number(res, 0, "columns");
	p->width = (int)number(res, 0, "width");
	p->height = (int)number(res, 0, "height");
	p->rows = (int)number(res, 0, "rows");
	p->count = (int)number(res, 0, "count");
	p->nsheets = (int)number(res, 0, "nsheets");
	keys = request_alloc(r, (size_t)p->nsheets * sizeof(*keys));
	rest = request_copy(r, sheets);
	for (i = 0; i < p->nsheets; i++)
		keys[i] = strsep(&rest, "\n");

	return (keys);
}

/* Returns the storyboard as WebVTT, NULL if no URL can be signed. */
static char *
storyboard_make(struct request *r, const PGresult *res, const struct media_previews *p, const char **keys)
{
	int	i;

	for (i = 0; i < p->nsheets; i++) {
		if ((keys[i] = sign_object(r, keys[i])) == NULL)
			return (NULL);
	}

	return (media_storyboard_vtt(p, (double)number(res, 0, "duration_ms") / 1000, keys));
}

static void
storyboard_found(struct request *r, const PGresult *res)
{
	const struct asked	*a = r->state;
	const char		*allowed = sql_text(res, "allowed"), *version = sql_text(res, "version"), **keys;
	struct media_previews	p = { 0 };
	char			*text;

	if (allowed != NULL && *allowed != 't') {
		reply_message(r, 403, "Purchase required to access this title.");
		return;
	}
	if (allowed == NULL || (keys = storyboard_read(r, res, &p)) == NULL) {
		reply_message(r, 404, "Playlist not found");
		return;
	}
	r->cache = CACHE;
	if (playlist_reply(r, res, version))
		return;
	if ((text = storyboard_make(r, res, &p, keys)) == NULL) {
		r->cache = "no-store";
		reply_message(r, 503, "Service unavailable");
		return;
	}
	playlist_cache_add(a->key, version, VTT_TYPE, text);
	(void)playlist_reply(r, res, version);
}

/* Answers from the cache if its playlist is of the present generation, and else asks. */
static void
playlist_told(void *arg, const struct pg_outcome *outcome)
{
	struct request		*r = arg;
	const struct asked	*a;
	unsigned long		generation;

	(void)outcome;
	if (!request_resume(r))
		return;
	a = r->state;
	generation = playlist_cache_generation(a->key);
	r->cache = CACHE;
	if (generation == GENERATION_NONE || generation != generation_now() || !playlist_cache_reply(r, a->key, NULL)) {
		r->cache = "no-store";
		playlist_ask(r, playlist_cache_version(a->key));
	}
	request_settle(r);
}

/* Answers a request for a playlist that all viewers may have in a generation, as far as is known. */
static void
playlist_for_all(struct request *r, unsigned long generation)
{
	const struct asked	*a = r->state;

	if (generation_trusted(generation)) {
		r->cache = CACHE;
		(void)playlist_cache_reply(r, a->key, NULL);
		return;
	}
	request_wait(r);
	generation_ask(playlist_told, r);
}

static const struct param	playlist_query[] = {
	PARAM("define", PARAM_TEXT),
	PARAM_END
};

ROUTE(GET, SIGN_PLAY_PATH ":token/:playlist", playback_playlist, .query = playlist_query, .bearer = 1);

static void
playback_playlist(struct request *r)
{
	struct asked	*a = request_alloc(r, sizeof(*a));
	unsigned long	generation;
	char		film[SIGNED_TOKEN_TEXT_MAX], network[CLIENT_ADDRESS_MAX], *viewer;

	r->cache = "no-store";
	if (!signed_token_open(SIGN_PLAY_PURPOSE, r->args[0], film) || (viewer = strpbrk(film, "uga")) == NULL) {
		reply_message(r, 403, "The URL is not valid or has expired");
		return;
	}
	if (!asked_read(r, a)) {
		reply_message(r, 404, "Playlist not found");
		return;
	}
	r->state = a;
	request_param(r, "viewerId", *viewer != 'g' ? viewer + 1 : NULL);
	request_param(r, "editor", *viewer == 'a' ? "1" : NULL);
	*viewer = '\0';
	a->key = asked_key(r, a, film);
	client_network(&r->client, network);
	request_param(r, "client", network);
	request_param(r, "enforcement", conf_str(CONF_PPV_ENFORCEMENT));
	request_param(r, "titleId", *film == 't' ? film + 1 : NULL);
	request_param(r, "episodeId", *film == 'e' ? film + 1 : NULL);
	request_param(r, "list", request_format(r, "%c", a->list));
	request_param(r, "rung", a->what);
	if (*conf_str(CONF_SQL_DIR) == '\0' && (generation = playlist_cache_generation(a->key)) != GENERATION_NONE)
		playlist_for_all(r, generation);
	else
		playlist_ask(r, playlist_cache_version(a->key));
}
