/*
 * Reasons why a film cannot be transcoded.
 */
#include <stdarg.h>
#include <stdio.h>

#include "media/internal.h"

static const char	*names[] = {
	[MEDIA_OK] = "ok",
	[MEDIA_EMPTY] = "empty",
	[MEDIA_NOT_VIDEO] = "not_video",
	[MEDIA_NO_VIDEO_TRACK] = "no_video_track",
	[MEDIA_UNSUPPORTED] = "unsupported",
	[MEDIA_TRUNCATED] = "truncated",
	[MEDIA_DAMAGED] = "damaged",
	[MEDIA_TOO_LARGE] = "too_large",
	[MEDIA_SOURCE] = "source",
	[MEDIA_SINK] = "sink",
	[MEDIA_CANCELED] = "canceled",
	[MEDIA_MEMORY] = "memory",
	[MEDIA_MEMORY_LIMIT] = "memory_limit",
	[MEDIA_INTERNAL] = "internal",
};

const char *
media_reason_name(enum media_reason reason)
{
	return (names[reason]);
}

int
media_fail(struct media_error *error, enum media_reason reason, const char *fmt, ...)
{
	va_list	args;

	if (error->reason == MEDIA_OK) {
		error->reason = reason;
		error->retry = reason == MEDIA_SOURCE || reason == MEDIA_SINK || reason == MEDIA_MEMORY || reason == MEDIA_MEMORY_LIMIT ||
		    reason == MEDIA_INTERNAL;
		va_start(args, fmt);
		vsnprintf(error->text, sizeof(error->text), fmt, args);
		va_end(args);
	}

	return (error->reason);
}
