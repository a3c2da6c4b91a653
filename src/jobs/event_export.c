/*
 * Exports the events of the last days as CSV (RFC 4180) to object storage
 * (docs/compatibility.md#event-export) by multipart upload. Memory does not grow
 * with the number of events.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "cron/cron_job.h"
#include "store/objects.h"

#define PART_BYTES	(8u << 20)
#define HEADER		"id,profileId,titleId,episodeId,sessionId,eventType,occurredAt,country,deviceId,metadata"
#define METADATA	9	/* index of the column that is always quoted, as in the previous service */
#define DAYS_MAX	36500

struct export {
	struct job_run		*run;
	struct objects_call	call;
	enum objects_result	result;
	char			key[64], upload[OBJECTS_UPLOAD_MAX];
	struct kore_buf		out;		/* CSV of the next part */
	struct objects_part	*parts;
	size_t			count;
	int64_t			events, bytes;
};

/* Uploads the collected CSV as the next part. */
static int
part_put(struct export *x)
{
	struct objects_part	*part;

	if (x->count == OBJECTS_PARTS_MAX) {
		x->result = OBJECTS_REFUSED;
		snprintf(x->call.error, sizeof(x->call.error), "the export needs more than %d parts", OBJECTS_PARTS_MAX);
		return (0);
	}
	x->parts = kore_realloc(x->parts, (x->count + 1) * sizeof(*x->parts));
	part = &x->parts[x->count];
	part->number = (int)++x->count;
	x->result = objects_part(x->key, x->upload, part->number, x->out.data, x->out.offset, part->etag, &x->call);
	x->bytes += (int64_t)x->out.offset;
	kore_buf_reset(&x->out);

	return (x->result == OBJECTS_OK);
}

static void
field_write(struct kore_buf *out, const char *text, int always)
{
	const char	*p;

	if (!always && text[strcspn(text, ",\"\r\n")] == '\0') {
		kore_buf_append(out, text, strlen(text));
		return;
	}
	kore_buf_append(out, "\"", 1);
	for (p = text; *p != '\0'; p += strcspn(p, "\"")) {
		if (*p == '"') {
			kore_buf_append(out, "\"\"", 2);
			p++;
		}
		kore_buf_append(out, p, strcspn(p, "\""));
	}
	kore_buf_append(out, "\"", 1);
}

static int
event_write(void *arg, const PGresult *row)
{
	struct export	*x = arg;
	int		i;

	for (i = 0; i < PQnfields(row); i++) {
		kore_buf_append(&x->out, i == 0 ? "\n" : ",", 1);
		if (!PQgetisnull(row, 0, i))
			field_write(&x->out, PQgetvalue(row, 0, i), i == METADATA);
	}
	x->events++;

	return (x->out.offset < PART_BYTES || part_put(x));
}

/* Begins the upload, after it has aborted uploads that a killed run has left. */
static int
export_begin(struct export *x)
{
	if ((x->result = objects_abort_all(x->key, &x->call)) == OBJECTS_OK)
		x->result = objects_begin(x->key, "text/csv; charset=utf-8", x->upload, &x->call);
	kore_buf_init(&x->out, PART_BYTES + 65536);
	kore_buf_append(&x->out, HEADER, strlen(HEADER));

	return (x->result == OBJECTS_OK);
}

/* Completes the upload. If it is missing, an earlier request whose response was lost may have completed it: check the object. */
static int
export_end(struct export *x)
{
	struct objects_stat	stat;

	if (x->out.offset > 0 && !part_put(x))
		return (0);
	x->result = objects_complete(x->key, x->upload, x->parts, x->count, NULL, &x->call);
	if (x->result == OBJECTS_MISSING && objects_head(x->key, &stat, &x->call) == OBJECTS_OK && stat.size == (uint64_t)x->bytes)
		x->result = OBJECTS_OK;

	return (x->result == OBJECTS_OK);
}

/* Runs the export. Reports an error of object storage if there was one, else one of the database. */
static enum job_outcome
export_run(struct export *x, const char *since, const char *added)
{
	int	read;

	if (!export_begin(x))
		return (job_failed(x->run, "object storage error: %s", x->call.error));
	read = job_each(x->run, "events/export", 2, (const char *[]){ since, added }, event_write, x);
	if (x->result == OBJECTS_OK && read && export_end(x))
		return (JOB_OK);
	read = x->result == OBJECTS_OK;
	if (!read)
		job_failed(x->run, "object storage error: %s", x->call.error);
	(void)objects_abort(x->key, x->upload, &x->call);

	return (read ? job_failed(x->run, "events cannot be read") : JOB_FAILED);
}

static int
days_parse(const char *text)
{
	char	*end;
	long	days = strtol(text, &end, 10);

	return (*end == '\0' && days >= 1 && days <= DAYS_MAX ? (int)days : 0);
}

JOB("event-export", CONF_EVENT_EXPORT_CRON, event_export, "Exports the events of the last days as CSV to object storage.",
    .arguments = "[DAYS]");

static enum job_outcome
event_export(struct job_run *run)
{
	struct export		x = { .run = run, .call = { .canceled = job_canceled, .ctx = run, .seconds = 300 } };
	const char		*days = job_argument(run, 0) != NULL ? job_argument(run, 0) : conf_str(CONF_EXPORT_DAYS);
	const PGresult		*rows;
	char			since[40], added[40];
	enum job_outcome	outcome;

	if (days_parse(days) == 0)
		return (job_failed(run, "DAYS must be a whole number from 1 to %d", DAYS_MAX));
	if (!objects_enabled())
		return (job_failed(run, "object storage is not configured: set S3_BUCKET or MEDIA_DIR"));
	if ((rows = job_sql(run, "events/export-since", 2, (const char *[]){ days, conf_str(CONF_EVENT_RETENTION_DAYS) })) == NULL)
		return (job_failed(run, "the start of the export cannot be computed"));
	snprintf(since, sizeof(since), "%s", PQgetvalue(rows, 0, 0));
	snprintf(x.key, sizeof(x.key), "exports/engagement_events_%s.csv", PQgetvalue(rows, 0, 1));
	snprintf(added, sizeof(added), "%s", PQgetvalue(rows, 0, 2));
	outcome = export_run(&x, since, added);
	if (conf_int(CONF_EVENT_RETENTION_DAYS) > 0)
		job_text(run, "added", added);
	job_text(run, "key", x.key);
	job_count(run, "events", x.events);
	job_count(run, "bytes", x.bytes);
	kore_buf_cleanup(&x.out);
	kore_free(x.parts);

	return (outcome);
}
