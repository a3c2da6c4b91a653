/*
 * Parts of an upload as init has planned them, and the check of the parts that
 * have arrived (docs/compatibility.md#upload-complete). Any thread.
 */
#ifndef WANZAMI_UPLOAD_PLAN_H
#define WANZAMI_UPLOAD_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "store/objects.h"

struct upload_plan {
	int64_t	bytes;		/* size of the file; 0: unknown, as in rows of the Node service */
	int64_t	part_size;	/* bytes of every part but the last */
	int	part_count;
	int	fixed;		/* 0: the row does not have the part size; the parts may have any sizes that add up to bytes */
};

/* Plans the parts of a file: 10 MiB, or larger multiples of 1 MiB if there would be more than 2000. */
void	upload_plan_make(struct upload_plan *, int64_t bytes);

/* Sets the plan of an upload from its row. part_size is 0 if the row has none. */
void	upload_plan_read(struct upload_plan *, int64_t bytes, int64_t part_size);

/* Returns the size that a part must have, in bytes; 0 if the plan has no such part, -1 if any size is allowed. */
int64_t	upload_plan_size(const struct upload_plan *, int number);

/* Returns 1 if this part has arrived with its planned size. arrived is sorted by number. */
int	upload_plan_arrived(const struct upload_plan *, int number, const struct objects_part *arrived, size_t count);

/*
 * Returns the JSON array presignedParts with the URLs of the parts first to last
 * that have not arrived, which the caller frees; NULL if URLs cannot be signed.
 */
char	*upload_plan_presign(const struct upload_plan *, int first, int last, const struct objects_part *arrived, size_t count, const char *base,
	    const char *key, const char *upload);

/*
 * Compares the parts that the client wants to join (sorted by number) with the
 * plan and with the parts in object storage. arrived is NULL if those are not
 * known; then only the numbers are compared. Returns NULL if the upload is
 * complete, otherwise the body of the response, which the caller frees: message,
 * missingParts, wrongParts.
 */
char	*upload_plan_check(const struct upload_plan *, const struct objects_part *wanted, size_t count, const struct objects_part *arrived,
	    size_t arrived_count);

#endif
