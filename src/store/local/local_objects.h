/*
 * Serving local objects over HTTP: signed URLs, opening objects, and bodies that
 * are received.
 *
 * Files of MEDIA_DIR
 *
 *	tmp/NAME			a file that is being written; deleted at start if older than a day
 *	objects/KEY			an object
 *	parts/UPLOAD/key		the object key of a multipart upload; the upload exists as long as this file
 *	parts/UPLOAD/NNNNN		a part, by its number of five digits
 *
 * Path of an upload, from the client to the object
 *
 *  1. objects_begin() creates parts/UPLOAD/ and its file key (local_upload.c);
 *     objects_presign_part() signs a URL for each part (local_url.c).
 *  2. A client sends PUT /media-local/KEY?...&upload=UPLOAD&part=N. After the
 *     request header, local_body_max() (http/local_body.c) checks the signature
 *     and then allows a body of up to OBJECTS_PART_MAX.
 *  3. Kore writes a body above LOCALBODY_MEMORY_MAX to a file from mkstemp(3).
 *     kore/memory_files.h redirects that call to local_receive(), which creates
 *     the file in tmp/, so that it is in the file system of the objects. A
 *     smaller body stays in memory.
 *  4. The route (api/local_media.c) calls local_accept() for a file, on a thread:
 *     it syncs the file and renames it to parts/UPLOAD/NNNNN (localupload_place()).
 *     For a body in memory it calls objects_part(), which writes a file in tmp/
 *     and places it in the same way. At the end of the request Kore unlinks its
 *     file, which leads to local_forget(): after a rename there is none.
 *  5. objects_complete() checks the parts' ETags and copies the parts into one
 *     file in tmp/ (a hard link if there is only one part), syncs it and renames
 *     it to objects/KEY (localfile_place()). It then deletes parts/UPLOAD/.
 *
 * A PUT of a whole object takes the same path without parts/: local_accept() or
 * objects_put() renames the file in tmp/ to objects/KEY.
 */
#ifndef WANZAMI_LOCAL_OBJECTS_H
#define WANZAMI_LOCAL_OBJECTS_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "store/objects.h"

#define LOCAL_PATH	"/media-local/"	/* path of the URLs of local objects, followed by the key */

/* The decoded fields of a URL; NULL for a missing one. */
struct local_grant {
	const char	*method;	/* of the request */
	const char	*key;
	const char	*allowed;	/* parameter "method" of the URL */
	const char	*expires;
	const char	*upload;
	const char	*part;
	const char	*sig;
};

/* Returns 1 if MEDIA_DIR is in use. Any thread. */
int	local_enabled(void);

/*
 * Returns 1 if the URL was signed by objects_presign(), has not expired, and is
 * for the request's method. GET and HEAD of a key with a public prefix
 * (docs/compatibility.md#public-prefixes) need no signature. Any thread.
 */
int	local_allows(const struct local_grant *, time_t now);

/* Opens an object for reading. Returns a descriptor, which the caller closes, or -1 with errno. Any thread. */
int	local_open(const char *key, struct objects_stat *);

/*
 * Returns an object's media type, by the extension of its key, else by its first
 * len bytes. Never text/html, so that a browser does not run uploaded content.
 */
const char	*local_type(const char *key, const unsigned char *begin, size_t len);

/*
 * Creates a file for a body, as mkstemp(3) does: name begins with LOCAL_RECEIVED,
 * and its last six bytes are replaced. Returns a descriptor, or -1. local_forget()
 * deletes the file; returns -1 with ENOENT if it has been renamed.
 */
#define LOCAL_RECEIVED	"media:"
int	local_receive(char *name);
int	local_forget(const char *name);

/*
 * Syncs a file of local_receive() and renames it to an object, or to a part if
 * upload is not NULL. Deletes the file on error. Blocks. The caller closes fd.
 * Any thread.
 */
enum objects_result	local_accept(const char *name, int fd, const char *key, const char *upload, int number,
			    char etag[OBJECTS_ETAG_MAX], struct objects_call *);

#endif
