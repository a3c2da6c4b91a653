-- $1 upload job, $2 fence, $3 what was made.
SELECT wanzami.transcode_finish($1::bigint, $2::bigint, $3::jsonb)
