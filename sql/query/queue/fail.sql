-- $1 upload job, $2 fence, $3 why, $4 whether another attempt may help, $5 first pause in ms.
SELECT wanzami.transcode_fail($1::bigint, $2::bigint, $3, $4::boolean, $5::bigint)
