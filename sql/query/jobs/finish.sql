-- $1 job, $2 fence, $3 outcome, $4 detail. Whether it was still ours to end.
SELECT wanzami.job_finish($1, $2::bigint, $3, $4::jsonb)
