-- Cron job mail-cleanup: gives up mails that could not be sent for $1 hours and those whose link has expired, and removes their
-- variables, which can hold tokens; mails that wanzami restored holds wait for a person, and mails that are being sent for their
-- result. Removes mails 90 days after they were sent or failed, and campaigns without mails. Returns both counts.
-- $1: MAIL_KEEP_HOURS.
DELETE FROM wanzami.campaign c WHERE NOT EXISTS (SELECT FROM wanzami.mail_outbox m WHERE m.campaign_id = c.id);
DELETE FROM wanzami.mail_doubt WHERE created_at < now() - $1::int * interval '1 hour';
WITH relay AS MATERIALIZED (
	SELECT error FROM wanzami.mail_relay FOR UPDATE
), given_up AS (
	UPDATE wanzami.mail_outbox m SET failed_at = now(), vars = NULL, lease_token = NULL,
		last_error = CASE WHEN m.created_at < now() - $1::int * interval '1 hour' THEN coalesce(m.last_error, r.error, 'nothing to send it with')
			ELSE 'its link has expired' || coalesce('; ' || coalesce(m.last_error, r.error), '') END
	FROM relay r
	WHERE m.sent_at IS NULL AND m.failed_at IS NULL AND (m.created_at < now() - $1::int * interval '1 hour' OR wanzami.mail_expired(m.template, m.created_at))
	AND m.next_attempt_at < 'infinity' AND (m.lease_token IS NULL OR m.next_attempt_at < now()) RETURNING m.id
), counted AS (
	UPDATE wanzami.mail_relay SET given_up = given_up + (SELECT count(*) FROM given_up) WHERE EXISTS (SELECT FROM given_up)
), forgotten AS (
	DELETE FROM wanzami.mail_outbox WHERE coalesce(sent_at, failed_at) < now() - interval '90 days' RETURNING id
)
SELECT (SELECT count(*) FROM given_up) AS given_up, (SELECT count(*) FROM forgotten) AS forgotten
