-- Mail sender: renews the claim of a mail that is being sent, and the pause if the mail is the probe of the relay.
-- $1: mail id.
-- $2: token of the claim.
-- $3: seconds of the claim.
WITH relay AS MATERIALIZED (	-- locked first, as wanzami.mail_settle() does
	SELECT FROM wanzami.mail_relay WHERE probe = $2 FOR UPDATE
), renewed AS (
	UPDATE wanzami.mail_outbox SET next_attempt_at = now() + $3::int * interval '1 second' WHERE id = $1::bigint AND lease_token = $2
	AND (SELECT count(*) FROM relay) >= 0 RETURNING id
)
UPDATE wanzami.mail_relay SET paused_until = now() + $3::int * interval '1 second' WHERE probe = $2 AND EXISTS (SELECT FROM renewed)
