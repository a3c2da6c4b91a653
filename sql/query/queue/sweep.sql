-- First worker of every process at intervals, and the transcode worker at its start: puts transcode jobs with a lost lease back
-- into the queue or lets them fail, and adopts uploads without a job. Returns the counts of both and of the jobs that are due,
-- and in job, file, attempts and why a job that has failed; a row for each of these, or one row without.
-- Notes when a transcode worker was connected at last.
-- $1: process whose transcode jobs are lost for certain, empty for none.
-- $2: lease in milliseconds.
-- $3: first pause in milliseconds.
-- $4: how the worker of that process has ended, completes "The transcode worker …"; empty if unknown.
-- $5: true if it was killed because memory was out: then the attempt does not count.
WITH lost AS MATERIALIZED (
	SELECT * FROM wanzami.transcode_sweep($1, $2::bigint, $3::bigint, $4, $5::boolean)
), seen AS (
	INSERT INTO wanzami.transcode_seen AS s (seen_at) SELECT now() WHERE wanzami.transcode_connected()
	ON CONFLICT (only_row) DO UPDATE SET seen_at = excluded.seen_at WHERE s.seen_at < now() - interval '5 seconds'
), counts AS MATERIALIZED (
	SELECT (SELECT count(*) FROM lost) AS reaped, wanzami.transcode_adopt() AS adopted,
		(SELECT count(*) FROM wanzami.transcode_job WHERE state = 'queued' AND run_after <= now()) AS due
)
SELECT c.*, f.upload_job_id AS job, f.source_key AS file, f.attempts, f.error AS why
FROM counts c LEFT JOIN lost f ON f.state = 'failed'
