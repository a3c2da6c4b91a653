/*
 * Functions shared by objects.c and its back ends: errors, cancellation, and the
 * rules for object keys.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "store/objects_backend.h"

#define SEGMENT_MAX	255	/* bytes of a segment of a key; the limit of a file name (NAME_MAX) */

enum objects_result
objects_fail(struct objects_call *call, enum objects_result result, const char *fmt, ...)
{
	va_list	args;

	va_start(args, fmt);
	vsnprintf(call->error, sizeof(call->error), fmt, args);
	va_end(args);

	return (result);
}

int
objects_canceled(const struct objects_call *call)
{
	return (call->canceled != NULL && call->canceled(call->ctx));
}

int
objects_etag_same(const char *a, const char *b)
{
	size_t	la, lb;

	a += *a == '"';
	b += *b == '"';
	la = strcspn(a, "\"");
	lb = strcspn(b, "\"");

	return (la == lb && !memcmp(a, b, la));
}

int
objects_key_possible(const char *key)
{
	size_t	len = strlen(key);

	return (len > 0 && len <= OBJECTS_KEY_MAX && utf8_ok(key, len));
}

static int
segment_ok(const char *p, size_t len)
{
	return (len > 0 && len <= SEGMENT_MAX && !(len == 1 && *p == '.') && !(len == 2 && !memcmp(p, "..", 2)));
}

int
objects_key_ok(const char *key)
{
	const char	*p, *segment = key;

	if (!objects_key_possible(key))
		return (0);
	for (p = key; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return (0);
		if (*p == '/') {
			if (!segment_ok(segment, (size_t)(p - segment)))
				return (0);
			segment = p + 1;
		}
	}

	return (segment_ok(segment, (size_t)(p - segment)));
}
