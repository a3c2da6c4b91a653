-- POST /api/admin/email/test, step 3 of 3 (docs/compatibility.md#campaign-test): removes the mails that were not tried, so that
-- they are not sent later. A mail that is being sent stays until its result. Returns 200 with the result for each recipient.
-- $1: campaign, pendingError.
WITH mail AS MATERIALIZED (
	SELECT * FROM wanzami.mail_outbox WHERE campaign_id = ($1 ->> 'campaign')::bigint FOR UPDATE
), gone AS (
	DELETE FROM wanzami.mail_outbox o USING mail m WHERE o.id = m.id AND m.sent_at IS NULL AND m.failed_at IS NULL AND m.lease_token IS NULL
), sent AS (
	SELECT id, to_address FROM mail WHERE sent_at IS NOT NULL
), unsent AS (
	SELECT id, to_address, CASE WHEN failed_at IS NOT NULL THEN last_error
		WHEN lease_token IS NOT NULL THEN 'The mail server has not answered yet; the mail may still arrive'
		ELSE coalesce((SELECT 'Not sent: ' || error FROM wanzami.mail_relay WHERE failures > 0), $1 ->> 'pendingError') END AS error
	FROM mail WHERE sent_at IS NULL
)
SELECT 200 AS status, json_build_object('message', 'Test emails dispatched',
	'queued', (SELECT count(*) FROM sent), 'failed', (SELECT count(*) FROM unsent),
	'queuedRecipients', (SELECT coalesce(json_agg(to_address ORDER BY id), '[]') FROM sent),
	'failedRecipients', (SELECT coalesce(json_agg(to_address ORDER BY id), '[]') FROM unsent),
	'failedDetails', (SELECT coalesce(json_agg(json_build_object('email', to_address, 'error', error) ORDER BY id), '[]') FROM unsent))::text AS body
