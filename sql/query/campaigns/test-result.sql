-- POST /api/admin/email/test, step 3 of 3 (docs/compatibility.md#campaign-test): removes the mails that were not sent, so
-- that they are not tried again. Returns 200 with the result for each recipient.
-- $1: campaign, pendingError.
WITH gone AS (
	DELETE FROM wanzami.mail_outbox WHERE campaign_id = ($1 ->> 'campaign')::bigint AND sent_at IS NULL
	RETURNING id, to_address, coalesce(last_error, $1 ->> 'pendingError') AS error
), sent AS (
	SELECT id, to_address FROM wanzami.mail_outbox WHERE campaign_id = ($1 ->> 'campaign')::bigint AND sent_at IS NOT NULL
)
SELECT 200 AS status, json_build_object('message', 'Test emails dispatched',
	'queued', (SELECT count(*) FROM sent), 'failed', (SELECT count(*) FROM gone),
	'queuedRecipients', (SELECT coalesce(json_agg(to_address ORDER BY id), '[]') FROM sent),
	'failedRecipients', (SELECT coalesce(json_agg(to_address ORDER BY id), '[]') FROM gone),
	'failedDetails', (SELECT coalesce(json_agg(json_build_object('email', to_address, 'error', error) ORDER BY id), '[]') FROM gone))::text AS body
