-- $1 upload job, $2 fence, $3 why, $4 whether another attempt may help, $5 first pause in ms. The new state, NULL when the claim is lost; asked
-- again, because the answer was lost, it says the same.
SELECT coalesce(wanzami.transcode_fail($1::bigint, $2::bigint, $3, $4::boolean, $5::bigint),
	(SELECT state FROM wanzami.transcode_job WHERE upload_job_id = $1::bigint AND fence = $2::bigint AND error = $3 AND state IN ('queued', 'failed')))
