-- First worker of every process at intervals, and the transcode worker at its start: puts transcode jobs with a lost lease back into the queue or lets them fail,
-- and adopts uploads without a job. Returns the counts of both and of the jobs that are due.
-- $1: process whose transcode jobs are lost for certain, empty for none.
-- $2: lease in milliseconds.
-- $3: first pause in milliseconds.
SELECT wanzami.transcode_reap($1, $2::bigint, $3::bigint) AS reaped, wanzami.transcode_adopt() AS adopted,
	(SELECT count(*) FROM wanzami.transcode_job WHERE state = 'queued' AND run_after <= now()) AS due
