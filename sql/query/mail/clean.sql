-- Cron job mail-cleanup: gives up at most $2 mails (wanzami.mail_over()), and removes their variables, which can hold tokens. The row
-- of the relay, which each sender locks, is locked when they have been found. Returns their number.
-- $1: MAIL_KEEP_HOURS.
-- $2: most mails.
WITH over AS MATERIALIZED (
	SELECT m.id FROM wanzami.mail_outbox m WHERE m.sent_at IS NULL AND m.failed_at IS NULL AND wanzami.mail_over(m, $1::int * interval '1 hour') LIMIT $2::int
), relay AS MATERIALIZED (
	SELECT error FROM wanzami.mail_relay WHERE EXISTS (SELECT FROM over) FOR UPDATE
), given_up AS (
	UPDATE wanzami.mail_outbox m SET failed_at = now(), vars = NULL, lease_token = NULL,
		last_error = CASE WHEN m.created_at < now() - $1::int * interval '1 hour' THEN coalesce(m.last_error, r.error, 'nothing to send it with')
			WHEN m.once THEN 'the process that sent it has ended; it may have arrived'
			ELSE 'its link has expired' || coalesce('; ' || coalesce(m.last_error, r.error), '') END
	FROM relay r, over o
	WHERE m.id = o.id AND m.sent_at IS NULL AND m.failed_at IS NULL AND wanzami.mail_over(m, $1::int * interval '1 hour') RETURNING m.id
), counted AS (
	UPDATE wanzami.mail_relay SET given_up = given_up + (SELECT count(*) FROM given_up) WHERE EXISTS (SELECT FROM given_up)
)
SELECT count(*) FROM given_up
