-- Mail sender: claims the mail that has been due for longest, for three minutes, and counts an attempt. Returns no row if
-- none is due. A letter of a campaign that began under this release has the origin of its unsubscribe link and the digest for it, or the reason
-- why its recipient gets none.
-- $1: token of the claim.
-- $2: true, or false to leave campaigns to other processes.
UPDATE wanzami.mail_outbox m
SET lease_token = $1, next_attempt_at = now() + interval '3 minutes', attempts = attempts + 1
FROM (SELECT id, campaign_id FROM wanzami.mail_outbox WHERE sent_at IS NULL AND failed_at IS NULL AND next_attempt_at <= now()
	AND ($2::boolean OR campaign_id IS NULL) ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
LEFT JOIN wanzami.campaign c ON c.id = due.campaign_id
WHERE m.id = due.id
RETURNING m.id, m.to_address, m.template,
	CASE WHEN c.id IS NULL THEN '{}' ELSE jsonb_build_object('subject', c.subject, 'html', c.html) END || m.vars AS vars,
	m.attempts, round(extract(epoch FROM m.created_at) * 1000)::bigint AS stamp,
	to_char(now() AT TIME ZONE 'UTC', 'Dy, DD Mon YYYY HH24:MI:SS') || ' +0000' AS date,
	c.origin, substr(wanzami.digest(lower(m.to_address)), 8) AS digest,
	CASE WHEN c.origin IS NOT NULL THEN (SELECT reason FROM wanzami.campaign_barred(ARRAY[m.to_address])) END AS barred
