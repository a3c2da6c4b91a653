-- Returns true if the link of a mail has expired, so that the mail is of no use (docs/compatibility.md#mail-tokens).
CREATE OR REPLACE FUNCTION wanzami.mail_expired(template text, created_at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT CASE template WHEN 'reset' THEN created_at < now() - interval '1 hour' WHEN 'verify' THEN created_at < now() - interval '24 hours'
		WHEN 'invitation' THEN created_at < now() - interval '7 days' ELSE false END
$$;
