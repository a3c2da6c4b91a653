-- Transcode worker: ends an attempt with an error. Returns the new state, queued or failed, or NULL if the lease was lost.
-- Can be repeated if the response was lost: the result is the same.
-- $1: upload id.
-- $2: fencing token.
-- $3: error.
-- $4: true if another attempt may succeed.
-- $5: first pause in milliseconds.
-- $6: notes on the film (JSON array of texts).
-- $7: true if the worker lacked memory: then the attempt does not count.
SELECT coalesce(wanzami.transcode_fail($1::bigint, $2::bigint, $3, $4::boolean, $5::bigint, $6::jsonb, $7::boolean),
	(SELECT state FROM wanzami.transcode_job WHERE upload_job_id = $1::bigint AND fence = $2::bigint AND error = $3 AND state IN ('queued', 'failed')))
