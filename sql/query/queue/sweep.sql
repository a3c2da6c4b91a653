-- $1 whose jobs are lost for certain ('' for nobody's), $2 lease in ms, $3 first pause in ms. Puts back what was lost; how many there were, and how many waited before.
SELECT wanzami.transcode_reap($1, $2::bigint, $3::bigint) AS reaped, wanzami.transcode_adopt() AS adopted,
	(SELECT count(*) FROM wanzami.transcode_job WHERE state = 'queued' AND run_after <= now()) AS due
