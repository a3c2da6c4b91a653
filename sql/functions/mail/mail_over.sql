-- Returns true if an unsent mail has to be given up: it could not be sent for "keep", its link has expired, or it is of a test campaign, is
-- tried once, and its sender has ended. Mails that wanzami restored holds wait for a person, mails that are being sent for their result.
CREATE OR REPLACE FUNCTION wanzami.mail_over(m wanzami.mail_outbox, keep interval) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT m.next_attempt_at < 'infinity' AND (m.lease_token IS NULL OR m.next_attempt_at < now())
		AND (m.created_at < now() - keep OR wanzami.mail_expired(m.template, m.created_at) OR (m.once AND m.attempts > 0))
$$;
