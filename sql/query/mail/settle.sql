-- Mail sender: records the result of an attempt. Pauses double from 5 seconds to an hour; after the 20th failure the mail
-- has failed. Returns 1 if it has failed, no row if the claim was lost.
-- $1: mail id.
-- $2: token of the claim.
-- $3: sent, later or refused.
-- $4: error or NULL.
WITH outcome AS (
	SELECT id, $3 = 'sent' AS sent, $3 = 'refused' OR ($3 = 'later' AND attempts >= 20) AS failed
	FROM wanzami.mail_outbox WHERE id = $1::bigint AND lease_token = $2 FOR UPDATE
)
UPDATE wanzami.mail_outbox m
SET sent_at = CASE WHEN sent THEN now() END, failed_at = CASE WHEN failed THEN now() END,
	vars = CASE WHEN NOT sent AND NOT failed THEN vars END, lease_token = NULL, last_error = $4,
	next_attempt_at = now() + least(interval '5 seconds' * 2 ^ (attempts - 1), interval '1 hour')
FROM outcome WHERE m.id = outcome.id
RETURNING failed::int
