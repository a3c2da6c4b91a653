-- Cron job mail-cleanup: gives up mails that could not be sent for three days, and removes their variables, which can hold
-- tokens; mails that wanzami restored holds wait for a person. Removes mails 90 days after they were sent or failed, and
-- campaigns without mails. Returns both counts.
DELETE FROM wanzami.campaign c WHERE NOT EXISTS (SELECT FROM wanzami.mail_outbox m WHERE m.campaign_id = c.id);
WITH given_up AS (
	UPDATE wanzami.mail_outbox SET failed_at = now(), vars = NULL, lease_token = NULL, last_error = coalesce(last_error, 'nothing to send it with')
	WHERE sent_at IS NULL AND failed_at IS NULL AND created_at < now() - interval '3 days'
	AND next_attempt_at < 'infinity' RETURNING id
), forgotten AS (
	DELETE FROM wanzami.mail_outbox WHERE coalesce(sent_at, failed_at) < now() - interval '90 days' RETURNING id
)
SELECT (SELECT count(*) FROM given_up) AS given_up, (SELECT count(*) FROM forgotten) AS forgotten
