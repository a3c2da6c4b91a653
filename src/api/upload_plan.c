/*
 * Plan and check of the parts of an upload.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <kore/kore.h>

#include "api/upload_plan.h"

#define PART_BYTES	(10 << 20)
#define PART_SECONDS	86400		/* validity of presigned part URLs: the apps put one part after the other, over slow lines too */
#define PARTS_TARGET	2000		/* above this number of parts the part size grows */
#define RANGES_SHOWN	20		/* ranges of part numbers in a message */

void
upload_plan_make(struct upload_plan *p, int64_t bytes)
{
	p->bytes = bytes;
	p->part_size = PART_BYTES;
	if (bytes > (int64_t)PARTS_TARGET * PART_BYTES)
		p->part_size = ((bytes + PARTS_TARGET - 1) / PARTS_TARGET + (1 << 20) - 1) >> 20 << 20;
	p->part_count = bytes > 0 ? (int)((bytes + p->part_size - 1) / p->part_size) : 1;
	p->fixed = 1;
}

void
upload_plan_read(struct upload_plan *p, int64_t bytes, int64_t part_size)
{
	upload_plan_make(p, bytes > 0 ? bytes : 0);
	p->fixed = bytes > 0 && part_size > 0 && (bytes - 1) / part_size < OBJECTS_PARTS_MAX;
	if (p->fixed) {
		p->part_size = part_size;
		p->part_count = (int)((bytes + part_size - 1) / part_size);
	}
}

int64_t
upload_plan_size(const struct upload_plan *p, int number)
{
	if (!p->fixed)
		return (-1);
	if (number < 1 || number > p->part_count)
		return (0);

	return (number < p->part_count ? p->part_size : p->bytes - (p->part_count - 1) * p->part_size);
}

static const struct objects_part *
part_find(const struct objects_part *parts, size_t count, int number)
{
	struct objects_part	wanted = { .number = number };

	return (parts != NULL && count > 0 ? bsearch(&wanted, parts, count, sizeof(*parts), objects_part_compare) : NULL);
}

int
upload_plan_arrived(const struct upload_plan *p, int number, const struct objects_part *arrived, size_t count)
{
	const struct objects_part	*part = part_find(arrived, count, number);
	int64_t				size = upload_plan_size(p, number);

	return (part != NULL && (size == -1 || part->size == (uint64_t)size));
}

char *
upload_plan_presign(const struct upload_plan *p, int first, int last, const struct objects_part *arrived, size_t count, const char *base,
    const char *key, const char *upload)
{
	char	url[OBJECTS_URL_MAX], *text = NULL;
	FILE	*out;
	size_t	len;
	int	n, made = 0, ok = 1;

	if ((out = open_memstream(&text, &len)) == NULL)
		return (NULL);
	fputc('[', out);
	for (n = first; n <= last && ok; n++) {
		if (upload_plan_arrived(p, n, arrived, count))
			continue;
		ok = objects_presign_part(base, key, upload, n, PART_SECONDS, url);
		fprintf(out, "%s{\"partNumber\":%d,\"url\":\"%s\"}", made++ > 0 ? "," : "", n, url);
	}
	fputc(']', out);
	if (fclose(out) != 0 || !ok) {
		free(text);
		return (NULL);
	}

	return (text);
}

/* Marks of one part number. */
#define WANTED	1
#define TWICE	2
#define ARRIVED	4
#define WRONG	8

/* Sets the marks of each part number and returns the number of parts that the upload must have. */
static int
parts_mark(const struct upload_plan *p, const struct objects_part *wanted, size_t count, const struct objects_part *arrived,
    size_t arrived_count, unsigned char marks[OBJECTS_PARTS_MAX + 1])
{
	size_t	i;
	int	last = 1, n;

	for (i = 0; i < count; i++) {
		n = wanted[i].number;
		if (n < 1 || n > OBJECTS_PARTS_MAX)
			continue;
		marks[n] |= marks[n] & WANTED ? TWICE : WANTED;
		last = n;
	}
	for (i = 0; arrived != NULL && i < arrived_count; i++) {
		n = arrived[i].number;
		if (n < 1 || n > OBJECTS_PARTS_MAX)
			continue;
		marks[n] |= ARRIVED;
		if (upload_plan_size(p, n) != -1 && arrived[i].size != (uint64_t)upload_plan_size(p, n))
			marks[n] |= WRONG;
	}

	return (p->fixed ? p->part_count : last);
}

/* Appends the part numbers 1 to count whose marks are not all set, as JSON numbers. Returns how many there are. */
static int
missing_write(FILE *out, const unsigned char *marks, int count, unsigned char all)
{
	int	n, found = 0;

	for (n = 1; n <= count; n++) {
		if ((marks[n] & all) != all)
			fprintf(out, "%s%d", found++ > 0 ? "," : "", n);
	}

	return (found);
}

/* Appends the same numbers for people: "2, 4-6". */
static void
missing_say(FILE *out, const unsigned char *marks, int count, unsigned char all)
{
	int	n, first, ranges = 0;

	for (n = 1; n <= count; n++) {
		if ((marks[n] & all) == all)
			continue;
		for (first = n; n < count && (marks[n + 1] & all) != all; n++)
			;
		if (ranges++ == RANGES_SHOWN) {
			fputs(" and more", out);
			return;
		}
		fprintf(out, "%s%d", ranges > 1 ? ", " : "", first);
		if (n > first)
			fprintf(out, "-%d", n);
	}
}

/* Appends the first reason why the parts are not the file. Returns 0 if they are. */
static int
reason_say(FILE *out, const struct upload_plan *p, const unsigned char *marks, int count, unsigned char all, const struct objects_part *arrived,
    size_t arrived_count)
{
	const struct objects_part	*part;
	uint64_t			total = 0;
	int				n, missing = 0;

	for (n = 1; n <= count; n++)
		missing += (marks[n] & all) != all;
	if (missing > 0) {
		fprintf(out, "%s ", missing > 1 ? "parts" : "part");
		missing_say(out, marks, count, all);
		fprintf(out, " of %d %s missing", count, missing > 1 ? "are" : "is");
		return (1);
	}
	for (n = 1; n <= OBJECTS_PARTS_MAX; n++) {
		if (marks[n] & WANTED && n > count) {
			fprintf(out, "part %d does not belong to the upload, which has %d", n, count);
			return (1);
		}
		if (marks[n] & TWICE) {
			fprintf(out, "part %d is listed twice", n);
			return (1);
		}
		part = marks[n] & WANTED && marks[n] & ARRIVED ? part_find(arrived, arrived_count, n) : NULL;
		if (part != NULL && marks[n] & WRONG) {
			fprintf(out, "part %d has %" PRIu64 " bytes instead of %" PRId64, n, part->size, upload_plan_size(p, n));
			return (1);
		}
		total += part != NULL ? part->size : 0;
	}
	if (arrived != NULL && p->bytes > 0 && total != (uint64_t)p->bytes) {
		fprintf(out, "the parts have %" PRIu64 " of %" PRId64 " bytes", total, p->bytes);
		return (1);
	}

	return (0);
}

char *
upload_plan_check(const struct upload_plan *p, const struct objects_part *wanted, size_t count, const struct objects_part *arrived,
    size_t arrived_count)
{
	unsigned char	marks[OBJECTS_PARTS_MAX + 1] = { 0 }, all = arrived != NULL ? WANTED | ARRIVED : WANTED;
	char		*text = NULL;
	size_t		len;
	FILE		*out;
	int		must, n, wrong = 0, incomplete;

	if ((out = open_memstream(&text, &len)) == NULL)
		fatal("out of memory");
	must = parts_mark(p, wanted, count, arrived, arrived_count, marks);
	fputs("{\"message\":\"The upload is incomplete: ", out);
	incomplete = reason_say(out, p, marks, must, all, arrived, arrived_count);
	fputs("\",\"missingParts\":[", out);
	(void)missing_write(out, marks, must, all);
	fputs("],\"wrongParts\":[", out);
	for (n = 1; n <= OBJECTS_PARTS_MAX; n++) {
		if (marks[n] & WANTED && marks[n] & (WRONG | TWICE))
			fprintf(out, "%s%d", wrong++ > 0 ? "," : "", n);
	}
	fputs("]}", out);
	if (fclose(out) != 0)
		fatal("out of memory");
	if (!incomplete) {
		free(text);
		text = NULL;
	}

	return (text);
}
