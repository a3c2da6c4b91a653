-- $1 upload job, $2 fence, $3 what was made, $4 how far it was.
SELECT wanzami.transcode_finish($1::bigint, $2::bigint, $3::jsonb, $4::jsonb)
