/*
 * Formats log lines into a buffer on the stack and hands them to write(2).
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define LINE_MAX_BYTES	4096	/* PIPE_BUF: a line of this size reaches a pipe in one piece */
#define LINE_RESERVE	8	/* always left for what closes the line */

struct line {
	char	text[LINE_MAX_BYTES];
	size_t	len;
};

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

/* A JSON string; bytes that are not printable ASCII become \u00xx, so that any input makes a valid line. */
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
			line_add(l, s, 1);
		}
	}
	line_puts(l, "\"");
}

static void
line_time(struct line *l)
{
	struct timespec	ts;
	struct tm	tm;
	char		text[40];
	size_t		n;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03dZ", (int)(ts.tv_nsec / 1000000));
	line_puts(l, text);
}

static void
line_field(struct line *l, const struct log_field *f)
{
	char	number[24];

	line_puts(l, log_as_text ? " " : ",\"");
	line_puts(l, f->key);
	line_puts(l, log_as_text ? "=" : "\":");
	if (f->text != NULL) {
		line_quote(l, f->text);
	} else {
		snprintf(number, sizeof(number), "%lld", (long long)f->number);
		line_puts(l, number);
	}
}

void
log_write(enum log_level level, const char *message,
    const struct log_field *fields, size_t count)
{
	struct line	l = { .len = 0 };
	size_t		i, off;
	ssize_t		n;

	if (log_as_text) {
		line_time(&l);
		line_puts(&l, " ");
		line_puts(&l, level_names[level]);
		line_puts(&l, " ");
		line_puts(&l, message);
	} else {
		line_puts(&l, "{\"time\":\"");
		line_time(&l);
		line_puts(&l, "\",\"level\":\"");
		line_puts(&l, level_names[level]);
		line_puts(&l, "\"");
		line_field(&l, &(struct log_field)LOG_S("role", log_role));
		line_field(&l, &(struct log_field)LOG_S("msg", message));
	}

	for (i = 0; i < count; i++) {
		if (fields[i].key != NULL && (fields[i].text != NULL || fields[i].number != INT64_MIN))
			line_field(&l, &fields[i]);
	}

	memcpy(l.text + l.len, log_as_text ? "\n" : "}\n", log_as_text ? 1 : 2);
	l.len += log_as_text ? 1 : 2;

	for (off = 0; off < l.len; off += (size_t)n) {
		if ((n = write(STDOUT_FILENO, l.text + off, l.len - off)) <= 0)
			return;
	}
}
