-- POST /api/admin/email/test, step 1 of 3 (docs/compatibility.md#campaign-test): queues the mails of a test campaign before
-- all others. They are tried once. A pause of the relay ends: the first of them is its probe, unless one is on its way. Returns
-- the campaign's id.
-- $1: origin.
-- $2: subject, html, recipients.
WITH campaign AS (
	INSERT INTO wanzami.campaign (subject, html, origin) VALUES ($2 ->> 'subject', $2 ->> 'html', $1 ->> 'origin') RETURNING id
), probed AS (
	UPDATE wanzami.mail_relay SET paused_until = now() WHERE paused_until > now() AND probe IS NULL
), mails AS (
	INSERT INTO wanzami.mail_outbox (to_address, template, vars, campaign_id, next_attempt_at, once)
	SELECT p.email, 'campaign', jsonb_strip_nulls(jsonb_build_object('email', p.email, 'name', p.name)), c.id, '-infinity', true
	FROM campaign c, wanzami.recipients($2 -> 'recipients') p ORDER BY p.place
)
SELECT id::text AS id FROM campaign
