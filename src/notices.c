/*
 * Output of the compressed texts that build/Makefile embeds into the binary.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ZLIB_CONST	/* next_in is const */
#include <zlib.h>

#include "base/embed.h"
#include "notices.h"

#define CHUNK_BYTES	16384
#define GZIP_WINDOW	(15 + 16)	/* zlib.h: largest window, gzip format */

static int
notices_print(const char *name)
{
	const struct embed_file	*file = embed_find(name);
	static unsigned char	chunk[CHUNK_BYTES];
	z_stream		z = { 0 };
	int			r = Z_DATA_ERROR;

	if (file != NULL && inflateInit2(&z, GZIP_WINDOW) == Z_OK) {
		z.next_in = (const unsigned char *)file->data;
		z.avail_in = (unsigned int)file->len;
		do {
			z.next_out = chunk;
			z.avail_out = sizeof(chunk);
			r = inflate(&z, Z_NO_FLUSH);
			(void)fwrite(chunk, 1, sizeof(chunk) - z.avail_out, stdout);
		} while (r == Z_OK);
		(void)inflateEnd(&z);
	}
	if (r == Z_STREAM_END && !ferror(stdout) && fflush(stdout) == 0)
		return (0);
	fprintf(stderr, "wanzami: cannot write %s: %s\n", name, r == Z_STREAM_END ? strerror(errno) : "the binary is damaged");

	return (1);
}

int
notices_sbom(void)
{
	return (notices_print("notices/sbom.gz"));
}

int
notices_licenses(void)
{
	return (notices_print("notices/licenses.gz"));
}
