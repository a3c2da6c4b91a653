/*
 * Log lines: one JSON object a line on standard output (or plain text for
 * people), never torn by what another process or thread writes.
 */
#ifndef WANZAMI_LOG_H
#define WANZAMI_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_field {
	const char	*key;
	const char	*text;		/* NULL: the field is a number; INT64_MIN is none */
	int64_t		number;
};

#define LOG_S(k, v)	{ .key = (k), .text = (v), .number = INT64_MIN }
#define LOG_I(k, v)	{ .key = (k), .number = (v) }

/*
 * log_event(level, message, LOG_S("key", text), LOG_I("key", number), ...)
 * Any thread may call it. Texts are copied and need not be valid UTF-8; a NULL
 * text leaves its field out. Never pass a body, a token or a password.
 */
#define log_event(level, message, ...)	log_write((level), (message), LOG_FIELDS(__VA_ARGS__))

#define LOG_FIELDS(...)							\
	(const struct log_field[]){ { 0 }, ##__VA_ARGS__ } + 1,		\
	sizeof((const struct log_field[]){ { 0 }, ##__VA_ARGS__ }) / sizeof(struct log_field) - 1

/* How lines look and which role they name; role must outlive the process. Call once, before threads start. */
void	log_init(int as_text, const char *role);

/* As log_event, with LOG_FIELDS(...) for the last two. */
void	log_write(enum log_level, const char *, const struct log_field *, size_t);

/*
 * The same for lines that come by the thousand: the line waits for the
 * thread's log_release, or for its next log_event, and goes out with the
 * others in one write(2). Returns 1 when it is the first that waits.
 */
int	log_hold(enum log_level, const char *, const struct log_field *, size_t);
void	log_release(void);

/* A whole line that others read, written as it is, at most LOG_RAW_MAX bytes so that it stays in one piece. */
#define LOG_RAW_MAX	4096
void	log_raw(const char *line, size_t len);

#endif
