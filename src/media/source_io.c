/*
 * FFmpeg's reads and seeks of a film's source.
 */
#include "media/internal.h"

#define READ_BYTES	(1 << 20)

/* Returns 1 if the film may not go on: a limit is reached, or it is canceled. */
static int
io_stopped(void *arg)
{
	const struct media	*m = arg, *film = m->film != NULL ? m->film : m;

	return (media_limits_reached(film) || (film->canceled != NULL && film->canceled(film->cancel_ctx)));
}

static int
io_read(void *arg, uint8_t *buf, int len)
{
	struct media	*m = arg;
	int64_t		n;

	if (io_stopped(m))
		return (AVERROR_EXIT);
	if (m->offset >= m->source.size)
		return (AVERROR_EOF);
	n = m->source.read_at(m->source.ctx, m->offset, buf, (size_t)len);
	if (n < 0) {
		m->source_failed = 1;
		return (AVERROR(EIO));
	}
	if (n == 0)
		return (AVERROR_EOF);
	m->offset += n;

	return ((int)n);
}

static int64_t
io_seek(void *arg, int64_t offset, int whence)
{
	struct media	*m = arg;

	whence &= ~AVSEEK_FORCE;
	if (whence == AVSEEK_SIZE)
		return (m->source.size);
	if (whence == SEEK_CUR)
		offset += m->offset;
	else if (whence == SEEK_END)
		offset += m->source.size;
	if (offset < 0)
		return (AVERROR(EINVAL));

	return (m->offset = offset);
}

int
media_io_open(struct media *m)
{
	uint8_t	*buffer = av_malloc(READ_BYTES);

	if (buffer == NULL)
		return (0);
	if ((m->io = avio_alloc_context(buffer, READ_BYTES, 0, m, io_read, NULL, io_seek)) == NULL) {
		av_free(buffer);
		return (0);
	}
	if ((m->format = avformat_alloc_context()) == NULL)
		return (0);
	m->format->pb = m->io;
	m->format->flags |= AVFMT_FLAG_CUSTOM_IO;
	m->format->interrupt_callback = (AVIOInterruptCB){ io_stopped, m };
	m->format->max_streams = MEDIA_MAX_STREAMS;

	return (1);
}

void
media_io_close(struct media *m)
{
	avformat_close_input(&m->format);
	if (m->io != NULL)
		av_freep(&m->io->buffer);
	avio_context_free(&m->io);
}
