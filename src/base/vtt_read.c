/*
 * Reads files of timed text that people have made: SubRip and WebVTT. Text that
 * cannot be meant otherwise is accepted; a time that cannot be read is an error,
 * because a cue at the wrong time would be noticed by viewers only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/vtt.h"

/* A reader of lines. Positions are in the text. */
struct reader {
	struct vtt	*vtt;
	const char	*text, *end;
	const char	*line, *next;	/* the present line and the one after it */
	size_t		len;		/* of the line without its end */
	long		number;
	int		is_vtt;
	int		skipping;	/* WebVTT: a comment, style or region */
	/* the cue that is being read */
	const char	*from;		/* its text; NULL: none */
	long		at;		/* number of the line with its times */
	int64_t		start, stop;
	/* the two lines before, for the numbers of SubRip */
	const char	*before;
	int		before_number;	/* it has digits only */
	int		before_blank, two_blank;
};

/* The characters 0x80 to 0x9f of Windows-1252; those that are not assigned are control characters. */
static const uint16_t	windows_1252[32] = {
	0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178 };

static size_t
utf8_put(char *out, uint32_t c)
{
	size_t	len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4, i;

	for (i = len; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(len == 1 ? c : c | (0xf00u >> len & 0xff));

	return (len);
}

static uint32_t
unit_16(const char *p, int big)
{
	const unsigned char	*b = (const unsigned char *)p;

	return (big ? (uint32_t)b[0] << 8 | b[1] : (uint32_t)b[1] << 8 | b[0]);
}

static size_t
from_utf16(const char *p, const char *end, int big, char *out)
{
	uint32_t	c, low;
	size_t		n = 0;

	for (; end - p >= 2; p += 2) {
		c = unit_16(p, big);
		low = end - p >= 4 ? unit_16(p + 2, big) : 0;
		if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
			p += 2;
		} else if (c >= 0xd800 && c < 0xe000) {
			c = 0xfffd;
		}
		n += utf8_put(out + n, c);
	}

	return (n);
}

static size_t
from_windows_1252(const char *p, const char *end, char *out)
{
	size_t		n = 0;
	unsigned char	c;

	for (; p < end; p++) {
		c = (unsigned char)*p;
		n += utf8_put(out + n, c >= 0x80 && c < 0xa0 ? windows_1252[c - 0x80] : c);
	}

	return (n);
}

char *
vtt_utf8(const char *text, size_t len, size_t *out)
{
	const char	*end = text + len;
	char		*copy = malloc(len * 3 + 1);

	if (copy == NULL)
		return (NULL);
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		memcpy(copy, text + 3, *out = len - 3);
	else if (len >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
		*out = from_utf16(text + 2, end, *text == '\xfe', copy);
	else if (utf8_ok(text, len))
		memcpy(copy, text, *out = len);
	else
		*out = from_windows_1252(text, end, copy);
	copy[*out] = '\0';

	return (copy);
}

/* Ends lines with \n alone. Returns the new length. */
static size_t
lines_unify(char *text, size_t len)
{
	size_t	i, n = 0;

	for (i = 0; i < len; i++) {
		if (text[i] == '\r' && i + 1 < len && text[i + 1] == '\n')
			continue;
		text[n++] = text[i] == '\r' ? '\n' : text[i];
	}

	return (n);
}

static void
blanks_skip(const char **p, const char *end)
{
	while (*p < end && (**p == ' ' || **p == '\t'))
		(*p)++;
}

/* Reads one to `most` digits. Returns -1 if there are none. */
static int
digits(const char **p, const char *end, int most, int *count)
{
	int	n = 0;

	for (*count = 0; *p < end && **p >= '0' && **p <= '9' && *count < most; (*p)++, (*count)++)
		n = n * 10 + (**p - '0');

	return (*count > 0 ? n : -1);
}

/* Reads a time, [hours:]minutes:seconds[.thousandths], in milliseconds; -1 if it is none. */
static int64_t
time_read(const char **p, const char *end)
{
	int	part[3], n = 0, count, ms = 0;

	do {
		if (n == 3 || (part[n++] = digits(p, end, 2, &count)) == -1)
			return (-1);
	} while (*p < end && **p == ':' && (*p)++ != NULL);
	if (*p < end && (**p == '.' || **p == ',')) {
		(*p)++;
		if ((ms = digits(p, end, 3, &count)) == -1)
			return (-1);
		for (; count < 3; count++)
			ms *= 10;
	}
	if (n < 2 || part[n - 1] > 59 || part[n - 2] > 59)
		return (-1);

	return (((n == 3 ? part[0] * 3600 : 0) + part[n - 2] * 60 + part[n - 1]) * (int64_t)1000 + ms);
}

static int
times_read(const char *p, const char *end, int64_t *start, int64_t *stop)
{
	blanks_skip(&p, end);
	if ((*start = time_read(&p, end)) == -1)
		return (0);
	blanks_skip(&p, end);
	if (end - p < 3 || memcmp(p, "-->", 3) != 0)
		return (0);
	p += 3;
	blanks_skip(&p, end);
	if ((*stop = time_read(&p, end)) == -1)
		return (0);

	/* Settings of WebVTT or coordinates of SubRip may follow. */
	return (p == end || *p == ' ' || *p == '\t');
}

/* Returns 1 for a line that is meant to have times. */
static int
has_times(const char *p, const char *end)
{
	blanks_skip(&p, end);
	p += p < end && *p == '-';

	return (p < end && *p >= '0' && *p <= '9' && memmem(p, (size_t)(end - p), "-->", 3) != NULL);
}

static int
is_blank(const char *p, const char *end)
{
	blanks_skip(&p, end);

	return (p == end);
}

static int
is_number(const char *p, const char *end)
{
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (p == end)
		return (0);
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		;

	return (p == end);
}

/* Moves to the next line. Returns 0 at the end. */
static int
line_next(struct reader *r)
{
	const char	*stop;

	if (r->next >= r->end)
		return (0);
	r->line = r->next;
	stop = memchr(r->line, '\n', (size_t)(r->end - r->line));
	r->len = (size_t)((stop != NULL ? stop : r->end) - r->line);
	r->next = stop != NULL ? stop + 1 : r->end;
	r->number++;

	return (1);
}

static enum vtt_result
cue_end(struct reader *r, const char *stop, char error[VTT_ERROR_MAX])
{
	enum vtt_result	status;

	if (r->from == NULL)
		return (VTT_OK);
	status = vtt_add(r->vtt, r->start, r->stop, r->from, (size_t)(stop - r->from), r->is_vtt ? VTT_MARKUP_VTT : VTT_MARKUP_SRT, 0);
	r->from = NULL;
	if (status == VTT_TOO_LARGE)
		snprintf(error, VTT_ERROR_MAX, "Line %ld: the file is too large; %d cues and %u MB are the limit.", r->at, VTT_CUES_MAX, VTT_FILE_MAX >> 20);

	return (status);
}

/* Returns the end of the text before the line with times that is being read: without the number that SubRip puts there. */
static const char *
text_end(const struct reader *r)
{
	if (!r->is_vtt && r->before_number && (r->two_blank || r->before == r->from || strtol(r->before, NULL, 10) == (long)r->vtt->count + 2))
		return (r->before);

	return (r->line);
}

static enum vtt_result
cue_begin(struct reader *r, char error[VTT_ERROR_MAX])
{
	const char	*stop = r->line + r->len;
	enum vtt_result	status = cue_end(r, text_end(r), error);

	if (status != VTT_OK)
		return (status);
	if (!times_read(r->line, stop, &r->start, &r->stop)) {
		snprintf(error, VTT_ERROR_MAX, "Line %ld: the times cannot be read; an example is 00:01:02.500 --> 00:01:04.000", r->number);
		return (VTT_INVALID);
	}
	if (r->stop < r->start) {
		snprintf(error, VTT_ERROR_MAX, "Line %ld: the cue ends before it begins.", r->number);
		return (VTT_INVALID);
	}
	r->from = r->next;
	r->at = r->number;

	return (VTT_OK);
}

/* Returns 1 for the first line of a block of WebVTT that is no cue. */
static int
is_other_block(const struct reader *r)
{
	static const char *const	names[] = { "NOTE", "STYLE", "REGION" };
	size_t				i, n;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		n = strlen(names[i]);
		if (r->len >= n && !memcmp(r->line, names[i], n) && (r->len == n || r->line[n] == ' ' || r->line[n] == '\t'))
			return (1);
	}

	return (0);
}

static enum vtt_result
line_read(struct reader *r, char error[VTT_ERROR_MAX])
{
	const char	*stop = r->line + r->len;
	enum vtt_result	status = VTT_OK;
	int		blank = is_blank(r->line, stop);

	if (blank && r->is_vtt) {
		status = cue_end(r, r->line, error);
		r->skipping = 0;
	} else if (r->is_vtt && r->before_blank && is_other_block(r)) {
		r->skipping = 1;
	}
	if (!blank && !r->skipping && has_times(r->line, stop))
		status = cue_begin(r, error);
	r->before = r->line;
	r->before_number = is_number(r->line, stop);
	r->two_blank = r->before_blank;
	r->before_blank = blank;

	return (status);
}

/* Returns 1 and skips the header if the text is WebVTT. */
static int
header_read(struct reader *r)
{
	if (r->end - r->text < 6 || memcmp(r->text, "WEBVTT", 6) != 0 || (r->end - r->text > 6 && strchr(" \t\n", r->text[6]) == NULL))
		return (0);
	while (line_next(r) && !is_blank(r->line, r->line + r->len)) {
		/* Some files have no empty line after the header. */
		if (has_times(r->line, r->line + r->len)) {
			r->next = r->line;
			r->number--;
			break;
		}
	}

	return (1);
}

static enum vtt_result
text_read(struct vtt *v, const char *text, size_t len, char error[VTT_ERROR_MAX])
{
	struct reader	r = { .vtt = v, .text = text, .end = text + len, .next = text, .before_blank = 1, .two_blank = 1 };
	enum vtt_result	status = VTT_OK;

	r.is_vtt = header_read(&r);
	while (status == VTT_OK && line_next(&r))
		status = line_read(&r, error);
	if (status == VTT_OK)
		status = cue_end(&r, r.end, error);
	if (status == VTT_OK && v->count == 0) {
		snprintf(error, VTT_ERROR_MAX, "The file has no cue with text: it is neither SubRip (.srt) nor WebVTT (.vtt).");
		status = VTT_INVALID;
	}

	return (status);
}

enum vtt_result
vtt_read(struct vtt *v, const char *file, size_t len, char error[VTT_ERROR_MAX])
{
	enum vtt_result	status;
	char		*text;
	size_t		n;

	*error = '\0';
	if (len > VTT_FILE_MAX) {
		snprintf(error, VTT_ERROR_MAX, "The file is too large; %u MB are the limit.", VTT_FILE_MAX >> 20);
		return (VTT_TOO_LARGE);
	}
	if ((text = vtt_utf8(file, len, &n)) == NULL)
		return (VTT_MEMORY);
	if (memchr(text, '\0', n) != NULL) {
		free(text);
		snprintf(error, VTT_ERROR_MAX, "The file is no text: it is neither SubRip (.srt) nor WebVTT (.vtt).");
		return (VTT_INVALID);
	}
	status = text_read(v, text, lines_unify(text, n), error);
	free(text);

	return (status);
}
