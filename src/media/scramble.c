/*
 * Scrambled recordings: transport streams of conditional access (ISO/IEC 13818-1
 * §2.4.3.3) and program streams of video DVDs (CSS). FFmpeg does not look at their
 * marks: it finds no packets, or garbage. So samples of the source are looked at.
 */
#include <stdlib.h>
#include <string.h>

#include "media/internal.h"

#define PIECES		8		/* of the source, over its whole length */
#define PIECE_BYTES	(128 << 10)
#define TS_PACKET	188
#define TS_PROOF	8		/* packets in succession that prove a transport stream */
#define TS_PID_LEAST	0x20		/* PIDs below it are tables, which are never scrambled */
#define TS_PID_NULL	0x1fff
#define SECTOR		2048		/* bytes of a DVD: one pack */
#define UNITS_LEAST	20		/* packets or sectors that are enough to judge */
#define TS_SHARE	50		/* percent of the packets above which the film counts as encrypted */
#define NOTED_SHARE	2		/* percent above which a note tells */
#define DVD_SHARE	10		/* percent of the sectors: CSS scrambles a part of them */

/* Packets or sectors of the samples. */
struct units {
	int	all, scrambled;
};

/* Returns the place of the first packet and sets *size to the bytes between two, which some recorders make 192 or 204. Returns -1 if there is none. */
static int
packets_find(const uint8_t *p, int n, int *size)
{
	static const int	sizes[] = { TS_PACKET, TS_PACKET + 4, TS_PACKET + 16 };
	size_t			i;
	int			at, k;

	for (at = 0; at < sizes[2]; at++) {
		for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			for (k = 0; k < TS_PROOF && at + k * sizes[i] < n && p[at + k * sizes[i]] == 0x47; k++)
				;
			if (k == TS_PROOF) {
				*size = sizes[i];
				return (at);
			}
		}
	}

	return (-1);
}

/* Counts packets with payload, of one PID or of all but tables. */
static void
packets_count(struct units *u, const uint8_t *p, int n, int pid)
{
	int	size, own, at = packets_find(p, n, &size);

	for (; at >= 0 && at + TS_PACKET <= n && p[at] == 0x47; at += size) {
		own = (p[at + 1] & 0x1f) << 8 | p[at + 2];
		if (!(p[at + 3] & 0x10) || (pid == -1 ? own < TS_PID_LEAST || own == TS_PID_NULL : own != pid))
			continue;
		u->all++;
		u->scrambled += (p[at + 3] & 0xc0) != 0;
	}
}

/* Counts sectors with a packet of picture or sound: pack header, then the packet's header, which has the mark in its third byte after the length. */
static void
sectors_count(struct units *u, const uint8_t *p, int n)
{
	for (; n >= SECTOR; p += SECTOR, n -= SECTOR) {
		if (memcmp(p, "\0\0\1\xba", 4) != 0 || (p[4] & 0xc0) != 0x40 || memcmp(p + 14, "\0\0\1", 3) != 0 || (p[17] != 0xbd && p[17] < 0xc0) ||
		    p[17] > 0xef || (p[20] & 0xc0) != 0x80)
			continue;
		u->all++;
		u->scrambled += (p[20] & 0x30) != 0;
	}
}

/* Reads a piece of the source. Returns its length. */
static int
piece_read(const struct media *m, int64_t offset, uint8_t *buf)
{
	int64_t	n = 1;
	int	got = 0;

	while (n > 0 && got < PIECE_BYTES && offset + got < m->source.size) {
		n = m->source.read_at(m->source.ctx, offset + got, buf + got, (size_t)(PIECE_BYTES - got));
		got += n > 0 ? (int)n : 0;
	}

	return (got);
}

/* Returns the share of scrambled packets or sectors in percent, 0 if there are too few to judge. */
static int
percent(const struct units *u)
{
	return (u->all >= UNITS_LEAST ? (int)(100LL * u->scrambled / u->all) : 0);
}

int
media_scrambled(const struct media *m, int pid, int *dvd)
{
	struct units	ts = { 0 }, sectors = { 0 };
	uint8_t		*buf;
	int		i, n;

	*dvd = 0;
	if ((buf = malloc(PIECE_BYTES)) == NULL)
		return (0);
	for (i = 0; i < PIECES; i++) {
		/* At a multiple of the sectors. */
		n = piece_read(m, m->source.size / SECTOR * i / PIECES * SECTOR, buf);
		packets_count(&ts, buf, n, pid);
		sectors_count(&sectors, buf, n);
	}
	free(buf);
	*dvd = percent(&sectors);

	return (percent(&ts));
}

/* Returns the PID of the video of a transport stream that could be opened; -1 stands for all PIDs. */
static int
video_pid(const struct media *m, int status)
{
	return (status == MEDIA_OK && m->video != -1 ? m->format->streams[m->video]->id : -1);
}

int
media_scrambled_check(struct media *m, struct media_error *error)
{
	int	status = error->reason, ts, dvd;
	int	unread = status == MEDIA_NOT_VIDEO || status == MEDIA_NO_VIDEO_TRACK || status == MEDIA_DAMAGED;

	if ((!unread && (status != MEDIA_OK || strncmp(m->format->iformat->name, "mpeg", 4) != 0)) || m->source_failed || media_limits_reached(m))
		return (status);
	ts = media_scrambled(m, video_pid(m, status), &dvd);
	if (ts > TS_SHARE || dvd > DVD_SHARE) {
		memset(error, 0, sizeof(*error));
		return (media_encryption_fail("film", ts > TS_SHARE ? MEDIA_SCRAMBLED_NAME : "DVD, CSS", error));
	}
	if (ts > NOTED_SHARE)
		media_note(m, "About %d %% of the film is encrypted (%s) and was left out.", ts, MEDIA_SCRAMBLED_NAME);

	return (status);
}
