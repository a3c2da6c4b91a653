/*
 * Bodies that are objects: what is put to a signed address of the local store
 * (store/local/local_objects.h) may be as large as a part of an upload, and goes to
 * the disk as it arrives instead of into memory.
 */
#ifndef WANZAMI_LOCAL_BODY_H
#define WANZAMI_LOCAL_BODY_H

#include <stddef.h>
#include <time.h>

#include <kore/kore.h>
#include <kore/http.h>

#define LOCALBODY_MEMORY_MAX	4194304		/* http_body_max of kore.conf: every other body */

/* What the address of a local object says; texts of request.c's kind would come too late for a body. */
struct local_body_address {
	char	key[1040], allowed[8], expires[24], upload[48], part[8], sig[80];
	int	has_upload, has_part, has_sig;
};

/* Event loop, once per worker: has Kore write large bodies where local_receive says, if there is a local store. */
void	local_body_start(void);

/*
 * How long a body may be whose head begins like this: LOCALBODY_MEMORY_MAX,
 * more for one that a signed address lets in, and 0 for one that it does not.
 */
size_t	local_body_max(const char *line, size_t len);

/* Whether method, path (still encoded, with its prefix) and query (may be NULL) name an object and allow it now. */
int	local_body_allows(const char *method, const char *path, const char *query, struct local_body_address *);

#endif
