-- Transcode worker: ends a transcode job and publishes its renditions. Returns the new state, or NULL if the lease was lost.
-- $1: upload id.
-- $2: fencing token.
-- $3: renditions (JSON array).
-- $4: last progress (JSON).
-- $5: notes on the film (JSON array of texts).
SELECT wanzami.transcode_finish($1::bigint, $2::bigint, $3::jsonb, $4::jsonb, $5::jsonb)
