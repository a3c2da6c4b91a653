-- Cron job mail-cleanup: removes at most $2 mails 90 days after they were sent or failed, refusals in doubt after MAIL_KEEP_HOURS, and
-- campaigns without mails. Returns the number of mails.
-- $1: MAIL_KEEP_HOURS.
-- $2: most mails.
DELETE FROM wanzami.campaign c WHERE NOT EXISTS (SELECT FROM wanzami.mail_outbox m WHERE m.campaign_id = c.id);
WITH judged AS (
	DELETE FROM wanzami.mail_doubt WHERE created_at < now() - $1::int * interval '1 hour'
), forgotten AS (
	DELETE FROM wanzami.mail_outbox WHERE id IN (SELECT id FROM wanzami.mail_outbox WHERE coalesce(sent_at, failed_at) < now() - interval '90 days' LIMIT $2::int)
	RETURNING id
)
SELECT count(*) FROM forgotten
