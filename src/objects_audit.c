/*
 * Comparison of rows and objects. The store is listed first, because one request
 * lists a thousand objects; an object that is not in the list is asked for, because
 * it may have been written since.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "objects_audit.h"
#include "store/objects.h"
#include "store/pg_sync.h"

#define LIST_SEC	3600

struct listing {
	char			**keys;
	size_t			count, room;
	struct objects_audit	*a;
	void			(*missing)(const char *, const char *);
};

static int
key_add(void *arg, const char *key, uint64_t size)
{
	struct listing	*l = arg;

	(void)size;
	if (l->count == l->room) {
		l->room = l->room == 0 ? 1024 : 2 * l->room;
		l->keys = kore_realloc(l->keys, l->room * sizeof(*l->keys));
	}
	l->keys[l->count++] = kore_strdup(key);

	return (0);
}

static int
key_compare(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

/* Returns 0 if the store gives no answer about the object. */
static int
row_check(void *arg, const PGresult *row)
{
	struct listing		*l = arg;
	struct objects_call	call = { .seconds = 60 };
	struct objects_stat	stat;
	enum objects_result	result;
	const char		*key = PQgetvalue(row, 0, 0);

	l->a->named++;
	if (l->count > 0 && bsearch(&key, l->keys, l->count, sizeof(*l->keys), key_compare) != NULL)
		return (1);
	if (!objects_key_readable(key) || (result = objects_head(key, &stat, &call)) == OBJECTS_MISSING) {
		l->a->missing++;
		l->missing(key, PQgetvalue(row, 0, 1));
	} else if (result != OBJECTS_OK) {
		snprintf(l->a->error, sizeof(l->a->error), "object storage gives no answer about %.100s: %.100s", key, call.error);
		return (0);
	}

	return (1);
}

/* Reads the rows, which may be many, one by one. */
static int
rows_check(struct listing *l)
{
	struct pg_sync	db = { 0 };
	const char	*bucket = *conf_str(CONF_S3_BUCKET) != '\0' ? conf_str(CONF_S3_BUCKET) : "local";
	int		ok;

	ok = pg_sync_open(&db, conf_str(CONF_DATABASE_URL), 0) && pg_sync_each(&db, "ops/objects", 1, &bucket, row_check, l);
	if (!ok && l->a->error[0] == '\0')
		snprintf(l->a->error, sizeof(l->a->error), "database error: %.200s", db.error);
	pg_sync_close(&db);

	return (ok);
}

int
objects_audit(struct objects_audit *a, void (*missing)(const char *, const char *))
{
	struct listing		l = { .a = a, .missing = missing };
	struct objects_call	call = { .seconds = LIST_SEC };
	size_t			i;
	int			ok;

	memset(a, 0, sizeof(*a));
	if ((ok = objects_list("", key_add, &l, &call) == OBJECTS_OK)) {
		if (l.count > 0)
			qsort(l.keys, l.count, sizeof(*l.keys), key_compare);
		ok = rows_check(&l);
	} else {
		snprintf(a->error, sizeof(a->error), "object storage cannot be listed: %.200s", call.error);
	}
	for (i = 0; i < l.count; i++)
		kore_free(l.keys[i]);
	kore_free(l.keys);

	return (ok);
}
