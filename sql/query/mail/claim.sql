-- Mail sender: claims a mail that is due, and counts an attempt: mails of test campaigns first, those of campaigns last, then
-- the one that has been due for longest. Returns no row if none is due, or if the relay is paused. After a failure of the
-- relay one mail is claimed as its probe, one with few attempts, so that a single bad mail cannot keep the relay paused. While a mail
-- of a campaign is the probe, which takes long at a slow server, another mail can become the probe in its place.
-- A mail of a test campaign is tried once: if its sender was killed, mail-cleanup gives it up.
-- A letter of a campaign has the origin of its unsubscribe link, if that is known, and the digest for it, or the reason why its
-- recipient gets none.
-- $1: token of the claim.
-- $2: seconds of the claim.
-- $3: true, or false for no mail of a campaign.
WITH relay AS MATERIALIZED (
	SELECT failures > 0 AS probing, $3::boolean AND paused_until <= now() AS campaigns FROM wanzami.mail_relay r
	WHERE (paused_until <= now() OR EXISTS (SELECT FROM wanzami.mail_outbox WHERE sent_at IS NULL AND failed_at IS NULL AND lease_token = r.probe
		AND campaign_id IS NOT NULL))
	AND EXISTS (SELECT FROM wanzami.mail_outbox WHERE sent_at IS NULL AND failed_at IS NULL AND next_attempt_at <= now()
		AND ($3::boolean AND r.paused_until <= now() OR campaign_id IS NULL) AND NOT (once AND attempts > 0))
	FOR UPDATE
), due AS MATERIALIZED (
	SELECT m.id, m.campaign_id FROM relay r, wanzami.mail_outbox m WHERE m.sent_at IS NULL AND m.failed_at IS NULL AND m.next_attempt_at <= now()
	AND (r.campaigns OR m.campaign_id IS NULL) AND NOT (m.once AND m.attempts > 0)
	ORDER BY NOT m.once, CASE WHEN r.probing THEN m.attempts ELSE 0 END, m.campaign_id IS NOT NULL, m.next_attempt_at
	LIMIT 1 FOR UPDATE OF m SKIP LOCKED
), probe AS (
	UPDATE wanzami.mail_relay SET probe = $1, paused_until = now() + least($2::int, 180) * interval '1 second' WHERE failures > 0 AND EXISTS (SELECT FROM due)
)
UPDATE wanzami.mail_outbox m
SET lease_token = $1, next_attempt_at = now() + $2::int * interval '1 second', attempts = attempts + 1
FROM due
LEFT JOIN wanzami.campaign c ON c.id = due.campaign_id
WHERE m.id = due.id
RETURNING m.id, m.to_address, m.template,
	CASE WHEN c.id IS NULL THEN '{}' ELSE jsonb_build_object('subject', c.subject, 'html', c.html) END || m.vars AS vars,
	m.attempts, round(extract(epoch FROM m.created_at) * 1000)::bigint AS stamp,
	to_char(now() AT TIME ZONE 'UTC', 'Dy, DD Mon YYYY HH24:MI:SS') || ' +0000' AS date,
	c.origin, substr(wanzami.digest(lower(m.to_address)), 8) AS digest,
	CASE WHEN c.id IS NOT NULL THEN (SELECT reason FROM wanzami.campaign_barred(ARRAY[m.to_address], NOT m.once)) END AS barred,
	wanzami.mail_expired(m.template, m.created_at)::int AS expired
