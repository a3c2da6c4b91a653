-- $1 job, $2 fence, $3 lease in ms. A row while the claim stands.
UPDATE wanzami.lease SET expires_at = now() + $3::bigint * interval '1 ms' WHERE name = $1 AND fence = $2::bigint RETURNING fence
