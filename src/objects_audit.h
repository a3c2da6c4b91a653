/*
 * Comparison of the objects that rows of the database name with those of the
 * object storage.
 */
#ifndef WANZAMI_OBJECTS_AUDIT_H
#define WANZAMI_OBJECTS_AUDIT_H

struct objects_audit {
	long	named, missing;		/* objects that rows name, and those of them that the store does not have */
	char	error[256];		/* if objects_audit() returns 0: one line */
};

/*
 * Lists the whole store, which takes memory for each of its keys, and calls
 * missing(key, row) for every object that a row names and the store does not
 * have; row is text for people. Blocks. Returns 0 if the database or the store
 * cannot be read.
 */
int	objects_audit(struct objects_audit *, void (*missing)(const char *key, const char *row));

#endif
