-- $1 the names of all jobs (jsonb). What the scheduler must know: the slot taken up last as a Unix time, whether that is to be taken up again, whether somebody is at it.
INSERT INTO wanzami.lease (name, owner, fence, expires_at, slot)
SELECT name, '', 0, now(), now() FROM jsonb_array_elements_text($1::jsonb) AS name
WHERE NOT EXISTS (SELECT FROM wanzami.lease l WHERE l.name = name.name)
ON CONFLICT (name) DO NOTHING;
SELECT l.name, floor(extract(epoch FROM l.slot))::bigint AS slot, wanzami.job_again(l.name, l.slot) AS again,
	l.expires_at > now() AS held
FROM jsonb_array_elements_text($1::jsonb) AS name JOIN wanzami.lease l ON l.name = name.name;
