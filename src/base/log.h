/*
 * Log lines on standard output: one JSON object per line, or plain text. Lines
 * of several processes and threads never mix.
 */
#ifndef WANZAMI_LOG_H
#define WANZAMI_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_field {
	const char	*key;
	const char	*text;		/* NULL: the field is a number; INT64_MIN omits it */
	int64_t		number;
};

#define LOG_S(k, v)	{ .key = (k), .text = (v), .number = INT64_MIN }
#define LOG_I(k, v)	{ .key = (k), .number = (v) }

/*
 * log_event(level, message, LOG_S("key", text), LOG_I("key", number), ...)
 * writes a log line. Any thread. Texts are copied and may be any bytes; a NULL
 * text omits its field. Never pass a body, a token or a password. Behind "error" in
 * a line of level warn or error follows "advice" with what to change, if the error is
 * one of base/advice.h.
 */
#define log_event(level, message, ...)	log_write((level), (message), LOG_FIELDS(__VA_ARGS__))

#define LOG_FIELDS(...)							\
	(const struct log_field[]){ { 0 }, ##__VA_ARGS__ } + 1,		\
	sizeof((const struct log_field[]){ { 0 }, ##__VA_ARGS__ }) / sizeof(struct log_field) - 1

/* Sets the format and the role in each line; role is kept by reference. Call once, before threads start. */
void	log_init(int as_text, const char *role);

/* Writes a log line; LOG_FIELDS(...) are the last two arguments. Any thread. */
void	log_write(enum log_level, const char *, const struct log_field *, size_t);

/*
 * Buffers a log line in the thread's own buffer, for frequent lines. The next
 * log_flush() or log_event() of the thread writes all of them with one
 * write(2). Returns 1 if the buffer was empty. Any thread.
 */
int	log_buffer(enum log_level, const char *, const struct log_field *, size_t);
void	log_flush(void);

/* Writes a whole line unchanged, such as metrics; at most LOG_RAW_MAX bytes, so that it is written in one piece. */
#define LOG_RAW_MAX	4096
void	log_raw(const char *line, size_t len);

#endif
