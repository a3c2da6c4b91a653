-- $1 job, $2 who, $3 lease in ms, $4 Unix time at which it was due, NULL by hand.
SELECT claim, extract(epoch FROM claimed_slot)::bigint AS slot FROM wanzami.job_claim($1, $2, $3::bigint, to_timestamp($4::double precision)) WHERE claim IS NOT NULL
