/*
 * Multipart uploads of the local object store, as struct objects_backend defines
 * them; local_objects.h describes the path of an upload. For local_objects.c
 * only. All functions may block. Any thread.
 */
#ifndef WANZAMI_LOCAL_UPLOAD_H
#define WANZAMI_LOCAL_UPLOAD_H

#include "store/objects_backend.h"

enum objects_result	localupload_begin(const char *key, const char *type, char *upload, struct objects_call *);
enum objects_result	localupload_part(const char *key, const char *upload, int number, const void *data, size_t len, char *etag,
			    struct objects_call *);
enum objects_result	localupload_complete(const char *key, const char *upload, const struct objects_part *, size_t count, char *etag,
			    struct objects_call *);
enum objects_result	localupload_abort(const char *key, const char *upload, struct objects_call *);
enum objects_result	localupload_find(const char *key, const char *except, char *upload, struct objects_call *);
enum objects_result	localupload_parts(const char *key, const char *upload, struct objects_part **, size_t *count, struct objects_call *);

/* Renames a complete file to its part. Deletes it on error. */
enum objects_result	localupload_place(const char *tmp, const char *key, const char *upload, int number, struct objects_call *);

#endif
