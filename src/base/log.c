/*
 * Formats log lines and writes them: at once, or, for request lines, once per
 * turn of the event loop.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/advice.h"
#include "base/log.h"

#define LINE_MAX_BYTES	4096	/* PIPE_BUF: a line of this size reaches a pipe in one piece */
#define LINE_RESERVE	8	/* reserved for the end of the line */

#define BUFFER_MAX	(16 * LINE_MAX_BYTES)

struct line {
	char	text[LINE_MAX_BYTES];
	size_t	len;
};

/* Lines of log_buffer(), per thread. */
static _Thread_local struct {
	char	*text;
	size_t	len;
} buffer;

static const char	*level_names[] = { "debug", "info", "warn", "error" };
static const char	*log_role = "-";
static int		log_as_text = 0;

void
log_init(int as_text, const char *role)
{
	log_as_text = as_text;
	log_role = role;
}

static void
line_add(struct line *l, const char *s, size_t len)
{
	if (len > sizeof(l->text) - LINE_RESERVE - l->len)
		return;
	memcpy(l->text + l->len, s, len);
	l->len += len;
}

static void
line_puts(struct line *l, const char *s)
{
	line_add(l, s, strlen(s));
}

/* Appends a JSON string. Bytes that are not printable ASCII become \u00xx, so that any input gives a valid line. */
static void
line_quote(struct line *l, const char *s)
{
	char	esc[8];

	line_puts(l, "\"");
	for (; *s != '\0' && l->len < sizeof(l->text) - 64; s++) {
		if (*s == '"' || *s == '\\') {
			line_add(l, (char[]){ '\\', *s }, 2);
		} else if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e) {
			snprintf(esc, sizeof(esc), "\\u%04x", (unsigned char)*s);
			line_puts(l, esc);
		} else {
			l->text[l->len++] = *s;
		}
	}
	line_puts(l, "\"");
}

static void
line_time(struct line *l)
{
	static _Thread_local time_t	second = -1;
	static _Thread_local char	text[32];
	struct timespec			ts;
	struct tm			tm;
	int				ms;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (ts.tv_sec != second) {
		second = ts.tv_sec;
		gmtime_r(&second, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	}
	ms = (int)(ts.tv_nsec / 1000000);
	line_puts(l, text);
	line_add(l, (char[]){ '.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10), 'Z' }, 5);
}

static void
line_number(struct line *l, int64_t n)
{
	char		digits[20], *p = digits + sizeof(digits);
	uint64_t	rest = n < 0 ? -(uint64_t)n : (uint64_t)n;

	do
		*--p = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (n < 0)
		line_puts(l, "-");
	line_add(l, p, (size_t)(digits + sizeof(digits) - p));
}

static void
line_field(struct line *l, const struct log_field *f)
{
	line_puts(l, log_as_text ? " " : ",\"");
	line_puts(l, f->key);
	line_puts(l, log_as_text ? "=" : "\":");
	if (f->text != NULL) {
		line_quote(l, f->text);
	} else {
		line_number(l, f->number);
	}
}

/* Adds what to change after an error, if that is known. */
static void
line_advice(struct line *l, const struct log_field *f)
{
	char		text[ADVICE_MAX];
	const char	*advice;

	if (!strcmp(f->key, "error") && f->text != NULL && (advice = advice_find(f->text, text)) != NULL)
		line_field(l, &(struct log_field)LOG_S("advice", advice));
}

static void
line_format(struct line *l, enum log_level level, const char *message, const struct log_field *fields, size_t count)
{
	size_t	i;

	if (log_as_text) {
		line_time(l);
		line_puts(l, " ");
		line_puts(l, level_names[level]);
		line_puts(l, " ");
		line_puts(l, message);
	} else {
		line_puts(l, "{\"time\":\"");
		line_time(l);
		line_puts(l, "\",\"level\":\"");
		line_puts(l, level_names[level]);
		line_puts(l, "\"");
		line_field(l, &(struct log_field)LOG_S("role", log_role));
		line_field(l, &(struct log_field)LOG_S("msg", message));
	}

	for (i = 0; i < count; i++) {
		if (fields[i].key == NULL || (fields[i].text == NULL && fields[i].number == INT64_MIN))
			continue;
		line_field(l, &fields[i]);
		if (level >= LOG_LEVEL_WARN)
			line_advice(l, &fields[i]);
	}

	memcpy(l->text + l->len, log_as_text ? "\n" : "}\n", log_as_text ? 1 : 2);
	l->len += log_as_text ? 1 : 2;
}

static void
log_out(const char *text, size_t len)
{
	size_t	off;
	ssize_t	n;

	for (off = 0; off < len; off += (size_t)n) {
		if ((n = write(STDOUT_FILENO, text + off, len - off)) <= 0)
			return;
	}
}

void
log_write(enum log_level level, const char *message, const struct log_field *fields, size_t count)
{
	struct line	l;

	l.len = 0;
	line_format(&l, level, message, fields, count);
	log_flush();
	log_out(l.text, l.len);
}

int
log_buffer(enum log_level level, const char *message, const struct log_field *fields, size_t count)
{
	struct line	l;

	if (buffer.text == NULL && (buffer.text = malloc(BUFFER_MAX)) == NULL) {
		log_write(level, message, fields, count);
		return (0);
	}
	l.len = 0;
	line_format(&l, level, message, fields, count);
	if (buffer.len + l.len > BUFFER_MAX)
		log_flush();
	memcpy(buffer.text + buffer.len, l.text, l.len);
	buffer.len += l.len;

	return (buffer.len == l.len);
}

void
log_flush(void)
{
	size_t	len = buffer.len;

	buffer.len = 0;
	log_out(buffer.text, len);
}

void
log_raw(const char *line, size_t len)
{
	log_flush();
	log_out(line, len);
}
