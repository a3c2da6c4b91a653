-- Records the result of an attempt to send a mail (docs/mail.md): 'sent'; 'refused' or 'later' (by the server, about the recipient); 'relay'
-- or 'alarm' (about us: temporary, permanent); 'dropped' (this mail cannot be sent at all, or its link has expired). A mail that was not
-- sent is given up if it is "keep" old. An address that was refused gets no campaigns until a mail to it is sent. Returns no row if the claim was lost. "gone": the mail was given up. "pause": seconds in which
-- nothing is sent, else 0. "alarm": the pause has to be reported as an error. "failed": failures in a row before this attempt.
CREATE OR REPLACE FUNCTION wanzami.mail_settle(mail bigint, token text, outcome text, why text, keep interval,
	OUT gone boolean, OUT pause integer, OUT alarm boolean, OUT failed integer) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	m wanzami.mail_outbox;
	r wanzami.mail_relay;
	late boolean;	-- the mail was claimed before the pause began
BEGIN
	SELECT * INTO r FROM wanzami.mail_relay FOR UPDATE;
	SELECT * INTO m FROM wanzami.mail_outbox WHERE id = mail AND lease_token = token FOR UPDATE;
	IF NOT FOUND THEN
		UPDATE wanzami.mail_relay SET paused_until = now(), probe = NULL WHERE probe = token;
		RETURN;
	END IF;
	outcome := wanzami.mail_doubted(m, r, outcome, why);
	failed := r.failures;
	pause := 0;
	alarm := false;
	IF outcome IN ('relay', 'alarm') THEN
		late := failed > 0 AND r.paused_until > now() AND r.probe IS DISTINCT FROM token;
		-- A campaign whose text is refused must not hold up other mail for long.
		pause := CASE WHEN late THEN ceil(extract(epoch FROM r.paused_until - now()))
			ELSE least(5 * 2 ^ least(failed, 10), CASE WHEN m.campaign_id IS NULL THEN 900 ELSE 60 END) END;
		alarm := NOT r.alarmed AND (outcome = 'alarm' OR failed >= 4);
		UPDATE wanzami.mail_relay SET failures = failed + (NOT late)::int, error = why, probe = CASE WHEN late THEN r.probe END,
			paused_until = CASE WHEN late THEN r.paused_until ELSE now() + pause * interval '1 second' END,
			since = coalesce(since, now()), alarmed = alarmed OR mail_settle.alarm;
	ELSIF outcome <> 'dropped' THEN
		UPDATE wanzami.mail_relay SET failures = 0, paused_until = '-infinity', probe = NULL, error = NULL, since = NULL, alarmed = false,
			sent = sent + (outcome = 'sent')::int WHERE failures > 0 OR outcome = 'sent';
	ELSIF r.probe = token THEN
		UPDATE wanzami.mail_relay SET paused_until = now(), probe = NULL;
	END IF;
	IF outcome = 'sent' THEN
		DELETE FROM wanzami.refused_address WHERE address = wanzami.digest(lower(m.to_address));
	ELSIF outcome = 'refused' AND NOT m.once THEN	-- the refusals of a test campaign are not doubted, so they may all be about us
		INSERT INTO wanzami.refused_address (address, mail_id) VALUES (wanzami.digest(lower(m.to_address)), mail) ON CONFLICT (address) DO NOTHING;
	END IF;
	gone := outcome IN ('refused', 'dropped') OR (outcome <> 'sent' AND (m.once OR m.created_at < now() - keep));
	UPDATE wanzami.mail_relay SET given_up = given_up + 1 WHERE gone;
	UPDATE wanzami.mail_outbox SET sent_at = CASE WHEN outcome = 'sent' THEN now() END, failed_at = CASE WHEN gone THEN now() END,
		vars = CASE WHEN outcome <> 'sent' AND NOT gone THEN vars END, lease_token = NULL, last_error = why,
		next_attempt_at = now() + greatest(pause, least(5 * 2 ^ least(attempts - 1, 10), CASE WHEN pause > 0 THEN 900 ELSE 3600 END)) * interval '1 second'
	WHERE id = mail;
	RETURN NEXT;
END $$;
