/*
 * File operations of the local object store, for its back end only. All
 * functions may block. Any thread.
 */
#ifndef WANZAMI_LOCAL_FILE_H
#define WANZAMI_LOCAL_FILE_H

#include <sys/stat.h>

#include "store/objects_backend.h"

#define LOCALFILE_ROOT_MAX	1024
#define LOCALFILE_PATH_MAX	(LOCALFILE_ROOT_MAX + OBJECTS_KEY_MAX + 64)
#define LOCALFILE_NAME		32	/* characters of a random name */
#define LOCALFILE_TRIES		8	/* attempts, since another process may delete an empty directory that has just been created */

/* The folders of MEDIA_DIR. local_objects.h says what is in them. */
#define LOCALFILE_OBJECTS	"objects"
#define LOCALFILE_PARTS		"parts"
#define LOCALFILE_TMP		"tmp"

/* Creates the folders of MEDIA_DIR. Returns NULL, or what is wrong (static storage). Call it once, before the other functions. */
const char		*localfile_configure(void);

/* Returns 1 if MEDIA_DIR is in use. */
int			localfile_ready(void);

/* Writes the path of a name in a folder. Returns the offset of the name in path. */
size_t			localfile_path(char path[LOCALFILE_PATH_MAX], const char *folder, const char *name);

/* Writes a new random path in tmp/. */
void			localfile_tmp(char path[LOCALFILE_PATH_MAX]);

/* Writes the ETag of a file: inode, size and time of modification. */
void			localfile_etag(char etag[OBJECTS_ETAG_MAX], const struct stat *);

/* Maps errno to a result and writes "what: reason" to the call's error. Sets no_space. */
enum objects_result	localfile_failed(struct objects_call *, const char *what);

/* Creates a file at path, writes data and syncs it. Returns its ETag. Deletes the file on error. */
enum objects_result	localfile_write(const char *path, const void *data, size_t len, char *etag, struct objects_call *);

/* Syncs a file and returns its ETag. */
enum objects_result	localfile_sync(int fd, char *etag, struct objects_call *);

/* Syncs the directory that contains path. Returns 0 on error. */
int			localfile_sync_parent(const char *path);

/* Deletes the file unless result is OBJECTS_OK. Returns result. */
enum objects_result	localfile_done(const char *path, enum objects_result);

/* Renames a complete file to its object. Deletes it on error, which OBJECTS_CHANGED is if the call must create the object and it exists. */
enum objects_result	localfile_place(const char *tmp, const char *key, struct objects_call *);

#endif
