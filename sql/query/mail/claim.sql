-- Mail sender: claims the mail that has been due for longest, for three minutes, and counts an attempt. Returns no row if
-- none is due.
-- $1: token of the claim.
UPDATE wanzami.mail_outbox m
SET lease_token = $1, next_attempt_at = now() + interval '3 minutes', attempts = attempts + 1
FROM (SELECT id FROM wanzami.mail_outbox WHERE sent_at IS NULL AND failed_at IS NULL AND next_attempt_at <= now()
	ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
WHERE m.id = due.id
RETURNING m.id, m.to_address, m.template,
	coalesce((SELECT jsonb_build_object('subject', c.subject, 'html', c.html) FROM wanzami.campaign c WHERE c.id = m.campaign_id), '{}') || m.vars AS vars,
	m.attempts, round(extract(epoch FROM m.created_at) * 1000)::bigint AS stamp,
	to_char(now() AT TIME ZONE 'UTC', 'Dy, DD Mon YYYY HH24:MI:SS') || ' +0000' AS date
