/*
 * The files of the local store, for its backend only. All of it may block. Any
 * thread.
 */
#ifndef WANZAMI_LOCAL_FILE_H
#define WANZAMI_LOCAL_FILE_H

#include <sys/stat.h>

#include "store/objects_backend.h"

#define LOCALFILE_ROOT_MAX	1024
#define LOCALFILE_PATH_MAX	(LOCALFILE_ROOT_MAX + OBJECTS_KEY_MAX + 64)
#define LOCALFILE_NAME		32	/* characters of a random name */
#define LOCALFILE_TRIES		8	/* against somebody who removes the empty directories that we have just made */

/* The folders of MEDIA_DIR. */
#define LOCALFILE_OBJECTS	"objects"
#define LOCALFILE_PARTS		"parts"
#define LOCALFILE_TMP		"tmp"

/* Makes the folders of MEDIA_DIR. NULL, or what is wrong (static storage). Once, before the others. */
const char		*localfile_configure(void);
int			localfile_ready(void);

/* The path of what has that name in a folder; returns where the name begins in it. */
size_t			localfile_path(char path[LOCALFILE_PATH_MAX], const char *folder, const char *name);
/* A path in tmp/ that is nobody's yet. */
void			localfile_tmp(char path[LOCALFILE_PATH_MAX]);

void			localfile_etag(char etag[OBJECTS_ETAG_MAX], const struct stat *);

/* What errno says about a file, as a result, with the reason in the call. */
enum objects_result	localfile_failed(struct objects_call *, const char *what);

/* Writes to a new file at path and syncs it: its etag. */
enum objects_result	localfile_write(const char *path, const void *data, size_t len, char *etag, struct objects_call *);
/* Syncs what was written, which is then on the disk: its etag. */
enum objects_result	localfile_settle(int fd, char *etag, struct objects_call *);
/* Syncs the directory that a path is in. */
int			localfile_sync_parent(const char *path);
/* Returns the result; unless it is OBJECTS_OK the file is removed. */
enum objects_result	localfile_done(const char *path, enum objects_result);

/* Gives a finished file its place as an object; if that fails it is removed. */
enum objects_result	localfile_place(const char *tmp, const char *key, struct objects_call *);

#endif
