/*
 * What serving local objects over HTTP needs beside objects.h: signed
 * addresses checked, objects opened, and bodies that arrive put in their place.
 */
#ifndef WANZAMI_LOCAL_OBJECTS_H
#define WANZAMI_LOCAL_OBJECTS_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "store/objects.h"

#define LOCAL_PATH	"/media-local/"	/* in front of the key, in addresses */

/* What an address says, decoded; NULL for what it does not say. */
struct local_grant {
	const char	*method;	/* of the request */
	const char	*key;
	const char	*allowed;	/* "method" of the address */
	const char	*expires;
	const char	*upload;
	const char	*part;
	const char	*sig;
};

/* Whether MEDIA_DIR is the store. Any thread. */
int	local_enabled(void);

/*
 * Whether an address was signed by objects_presign, is still good, and for
 * this method; GET of a key with a public prefix
 * (docs/compatibility.md#public-prefixes) needs no signature. Any thread.
 */
int	local_allows(const struct local_grant *, time_t now);

/* Opens an object for reading: a descriptor, which is the caller's, or -1. Any thread. */
int	local_open(const char *key, struct objects_stat *);

/* What the bytes at the beginning of an object, and its name, say it is: a media type. Never text/html, whatever the client called it. */
const char	*local_type(const char *key, const unsigned char *begin, size_t len);

/*
 * A new file for a body that arrives: mkstemp for a name that begins with
 * LOCAL_RECEIVED, of which the last six bytes are replaced. Returns a
 * descriptor or -1. local_forget removes it; no harm when it is gone.
 */
#define LOCAL_RECEIVED	"media:"
int	local_receive(char *name);
int	local_forget(const char *name);

/*
 * Makes the received file behind name and fd an object, or with upload a part
 * of it, and leaves name free. Blocks. fd stays the caller's. Any thread.
 */
enum objects_result	local_accept(const char *name, int fd, const char *key, const char *upload, int number,
			    char etag[OBJECTS_ETAG_MAX], struct objects_call *);

#endif
