/*
 * The storyboard of a film: small pictures at equal times (thumbnails) as the cells
 * of sheets, which are JPEG files, and the WebVTT file that says which cell is shown when.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/imgutils.h>

#include "media/previews.h"

#define CELL_LONG	160	/* pixels */
#define CELL_SHORT	90
#define COLUMNS		10
#define ROWS		10
#define SHEET_CELLS	(COLUMNS * ROWS)

static int
sheet_blacken(AVFrame *sheet)
{
	ptrdiff_t	lines[4] = { sheet->linesize[0], sheet->linesize[1], sheet->linesize[2], 0 };

	return (av_image_fill_black(sheet->data, lines, sheet->format, AVCOL_RANGE_MPEG, sheet->width, sheet->height) >= 0);
}

int
media_storyboard_interval(double duration)
{
	return (duration < MEDIA_SHORT_SECONDS ? 1000 : MEDIA_THUMBNAIL_SECONDS * 1000);
}

int
media_storyboard_sheets(double duration)
{
	double	sheet = MEDIA_THUMBNAIL_SECONDS * SHEET_CELLS;

	if (duration <= 0 || duration > MEDIA_MAX_SECONDS)
		duration = MEDIA_MAX_SECONDS;

	/* A film may be longer than its header says. */
	return ((int)ceil(duration * 1.1 / sheet) + 1);
}

int
media_storyboard_begin(struct media_storyboard *s, const struct media_info *info)
{
	struct media_previews	*p = &s->made;
	int			upright = info->height > info->width;

	s->sheets_max = media_storyboard_sheets(info->duration);
	p->interval_ms = media_storyboard_interval(info->duration);
	p->columns = COLUMNS;
	p->rows = ROWS;
	p->width = upright ? CELL_SHORT : CELL_LONG;
	p->height = upright ? CELL_LONG : CELL_SHORT;
	if ((p->sheets = calloc((size_t)s->sheets_max, sizeof(*p->sheets))) == NULL || (s->sheet = av_frame_alloc()) == NULL)
		return (0);
	s->sheet->format = AV_PIX_FMT_YUV420P;
	s->sheet->width = COLUMNS * p->width;
	s->sheet->height = ROWS * p->height;

	return (av_frame_get_buffer(s->sheet, 0) >= 0 && sheet_blacken(s->sheet));
}

/* Returns the first sample of a cell in one plane of the sheet. */
static uint8_t *
cell_at(const struct media_storyboard *s, int cell, int plane)
{
	int	shift = plane > 0, x = cell % COLUMNS * s->made.width >> shift, y = cell / COLUMNS * s->made.height >> shift;

	return (s->sheet->data[plane] + y * s->sheet->linesize[plane] + x);
}

static void
cell_copy(struct media_storyboard *s, int cell, uint8_t *const data[], const int lines[])
{
	int	i;

	for (i = 0; i < 3; i++)
		av_image_copy_plane(cell_at(s, cell, i), s->sheet->linesize[i], data[i], lines[i], s->made.width >> (i > 0), s->made.height >> (i > 0));
}

/* Encodes the rows of the sheet that have cells, and begins the next one. */
static void
sheet_finish(struct media_storyboard *s)
{
	struct media_previews	*p = &s->made;

	s->sheet->height = (s->cells + COLUMNS - 1) / COLUMNS * p->height;
	s->failed |= !media_jpeg_make(s->sheet, MEDIA_JPEG_SHEET, &p->sheets[p->nsheets]);
	p->nsheets += !s->failed;
	s->sheet->height = ROWS * p->height;
	s->failed |= !sheet_blacken(s->sheet);
	s->cells = 0;
}

/* Keeps each tenth cell: the film is longer than its header says, and its thumbnails are too close to each other. */
static void
sheet_thin(struct media_storyboard *s)
{
	uint8_t	*from[3];
	int	i, k, step = MEDIA_THUMBNAIL_SECONDS * 1000 / s->made.interval_ms;
	AVFrame	*thin = av_frame_clone(s->sheet);

	if (thin == NULL || av_frame_make_writable(s->sheet) < 0 || !sheet_blacken(s->sheet)) {
		av_frame_free(&thin);
		s->failed = 1;
		return;
	}
	for (i = 0; i < SHEET_CELLS / step; i++) {
		for (k = 0; k < 3; k++)
			from[k] = thin->data[k] + (cell_at(s, i * step, k) - s->sheet->data[k]);
		cell_copy(s, i, from, thin->linesize);
	}
	av_frame_free(&thin);
	s->made.interval_ms *= step;
	s->made.count = s->cells = SHEET_CELLS / step;
}

void
media_storyboard_add(struct media_storyboard *s, const AVFrame *frame)
{
	/* A film that is much longer than its header says has no thumbnails at its end. */
	if (s->failed || s->made.nsheets == s->sheets_max)
		return;
	if (s->cells == SHEET_CELLS && s->made.interval_ms < MEDIA_THUMBNAIL_SECONDS * 1000)
		sheet_thin(s);
	else if (s->cells == SHEET_CELLS)
		sheet_finish(s);
	if (s->failed || s->made.nsheets == s->sheets_max)
		return;
	cell_copy(s, s->cells++, frame->data, frame->linesize);
	s->made.count++;
}

void
media_storyboard_end(struct media_storyboard *s, struct media_previews *out)
{
	struct media_previews	*p = &s->made;
	int			i;

	if (s->cells > 0 && !s->failed)
		sheet_finish(s);
	av_frame_free(&s->sheet);
	if (s->failed || p->nsheets == 0) {
		for (i = 0; i < p->nsheets; i++)
			free(p->sheets[i].data);
		free(p->sheets);
		return;
	}
	out->nsheets = p->nsheets;
	out->sheets = p->sheets;
	out->interval_ms = p->interval_ms;
	out->columns = p->columns;
	out->rows = p->rows;
	out->width = p->width;
	out->height = p->height;
	out->count = p->count;
}

static void
time_write(FILE *fp, int64_t ms)
{
	fprintf(fp, "%02d:%02d:%02d.%03d", (int)(ms / 3600000), (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000));
}

char *
media_storyboard_vtt(const struct media_previews *p, double duration, const char *const uris[])
{
	int64_t	end, last = llround(duration * 1000);
	char	*text = NULL;
	size_t	size;
	FILE	*fp;
	int	i, cell, per = p->columns * p->rows;

	if ((fp = open_memstream(&text, &size)) == NULL)
		return (NULL);
	fputs("WEBVTT\n", fp);
	for (i = 0; i < p->count; i++) {
		cell = i % per;
		end = (int64_t)(i + 1) * p->interval_ms;
		/* The last thumbnail is shown to the end. */
		if (i + 1 == p->count && last > (int64_t)i * p->interval_ms)
			end = last;
		fputc('\n', fp);
		time_write(fp, (int64_t)i * p->interval_ms);
		fputs(" --> ", fp);
		time_write(fp, end);
		fprintf(fp, "\n%s#xywh=%d,%d,%d,%d\n", uris[i / per], cell % p->columns * p->width, cell / p->columns * p->height, p->width, p->height);
	}
	if (fclose(fp) != 0) {
		free(text);
		text = NULL;
	}

	return (text);
}
