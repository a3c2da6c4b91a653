/*
 * Kore's buffers grow in proportion to their size. Kore itself grows a buffer
 * by exactly what is appended and copies all of it each time: a text of many
 * small pieces then takes time in the square of its length, in which the event
 * loop of a worker stands still.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <kore/kore.h>

#define GROWTH_MIN	256	/* bytes of the first growth */

void	__real_kore_buf_append(struct kore_buf *, const void *, size_t);
void	__wrap_kore_buf_append(struct kore_buf *, const void *, size_t);
void	__wrap_kore_buf_appendv(struct kore_buf *, const char *, va_list);
void	__wrap_kore_buf_appendf(struct kore_buf *, const char *, ...) __attribute__((format(printf, 2, 3)));

void
__wrap_kore_buf_append(struct kore_buf *buf, const void *data, size_t len)
{
	size_t	wanted;

	if (!__builtin_add_overflow(buf->offset, len, &wanted) && wanted > buf->length) {
		if (wanted < buf->length + buf->length / 2)
			wanted = buf->length + buf->length / 2;
		if (wanted < GROWTH_MIN)
			wanted = GROWTH_MIN;
		buf->data = kore_realloc(buf->data, wanted);
		buf->length = wanted;
	}
	__real_kore_buf_append(buf, data, len);
}

void
__wrap_kore_buf_appendv(struct kore_buf *buf, const char *format, va_list args)
{
	char	small[BUFSIZ], *text = small;
	va_list	again;
	int	len;

	va_copy(again, args);
	len = vsnprintf(small, sizeof(small), format, args);
	if (len >= (int)sizeof(small))
		len = vasprintf(&text, format, again);
	va_end(again);
	if (len < 0)
		fatal("a text for a buffer could not be formatted: out of memory");
	__wrap_kore_buf_append(buf, text, (size_t)len);
	if (text != small)
		free(text);
}

void
__wrap_kore_buf_appendf(struct kore_buf *buf, const char *format, ...)
{
	va_list	args;

	va_start(args, format);
	__wrap_kore_buf_appendv(buf, format, args);
	va_end(args);
}
