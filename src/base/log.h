/*
 * Log lines: one JSON object a line on standard output (or plain text for
 * people), each written by a single write(2) so that processes never mix.
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
#define log_event(level, message, ...)					\
	log_write((level), (message),					\
	    (const struct log_field[]){ { 0 }, ##__VA_ARGS__ } + 1,	\
	    sizeof((const struct log_field[]){ { 0 }, ##__VA_ARGS__ }) /	\
	    sizeof(struct log_field) - 1)

/* How lines look and which role they name; role must outlive the process. Call once, before threads start. */
void	log_init(int as_text, const char *role);

void	log_write(enum log_level, const char *, const struct log_field *, size_t);

#endif
