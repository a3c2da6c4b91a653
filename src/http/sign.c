/*
 * Finds marked strings in finished JSON text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "http/sign.h"
#include "store/s3.h"

#define MARK_BYTES	16
#define KEY_MAX_BYTES	1024	/* what S3 allows */

const char *
sign_mark(void)
{
	static char	mark[2 * MARK_BYTES + 1];
	unsigned char	bytes[MARK_BYTES];
	size_t		i;

	if (*mark == '\0') {
		if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
			fatal("getrandom: %s", errno_s);
		for (i = 0; i < sizeof(bytes); i++)
			snprintf(mark + 2 * i, 3, "%02x", bytes[i]);
	}

	return (mark);
}

/* The end of a JSON string, at its closing quote. */
static const char *
string_end(const char *p, const char *end)
{
	while (p < end && *p != '"')
		p += *p == '\\' ? 2 : 1;

	return (p < end ? p : end);
}

/* A key out of JSON text; 0 for what no key of ours holds: control characters, or too much. */
static int
key_unescape(const char *p, const char *end, char out[KEY_MAX_BYTES + 1])
{
	size_t	n = 0;

	for (; p < end; p++) {
		if (*p == '\\' && (++p == end || strchr("\"\\/", *p) == NULL))
			return (0);
		if (n == KEY_MAX_BYTES)
			return (0);
		out[n++] = *p;
	}
	out[n] = '\0';

	return (n > 0);
}

/* value is what follows the mark: ":<seconds>:<key>". */
static void
value_sign(struct kore_buf *out, const char *value, const char *end)
{
	const struct s3_bucket	*bucket = s3_configured();
	char			key[KEY_MAX_BYTES + 1], url[S3_URL_MAX];
	char			*colon;
	long			seconds;

	seconds = strtol(value + 1, &colon, 10);
	if (bucket == NULL || !key_unescape(colon + 1, end, key) ||
	    !s3_presign(bucket, "GET", key, (int)seconds, time(NULL), url))
		kore_buf_appendf(out, "null");
	else
		kore_buf_appendf(out, "\"%s\"", url);
}

void
sign_body(struct kore_buf *out, const char *body, size_t len)
{
	const char	*mark = sign_mark(), *end = body + len, *p = body, *found, *close;

	while ((found = memmem(p, (size_t)(end - p), mark, strlen(mark))) != NULL) {
		close = string_end(found, end);
		kore_buf_append(out, p, (size_t)(found - 1 - p));	/* up to the opening quote */
		value_sign(out, found + strlen(mark), close);
		p = close + 1;
	}
	kore_buf_append(out, p, (size_t)(end - p));
}
