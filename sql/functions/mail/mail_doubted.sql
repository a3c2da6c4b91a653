-- Judges an outcome again by those before it: if three recipients in a row are refused with the same text, the refusal is about us ('relay';
-- 'alarm' if it is permanent), and the mails that were given up for it wait again. Returns the outcome that counts. Where the
-- reply has no enhanced status code, the recipient's address and numbers in it (of the mails in an hour, of a ticket) do not make it another text. The caller
-- has locked both rows.
CREATE OR REPLACE FUNCTION wanzami.mail_doubted(m wanzami.mail_outbox, r wanzami.mail_relay, outcome text, why text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text := CASE WHEN why ~ '^[A-Za-z ]+: [45]\d\d[ -]\d\.\d{1,3}\.\d' THEN why ELSE regexp_replace(replace(lower(why), lower(m.to_address), ''), '[0-9]+', '#', 'g') END;
	same boolean := said IS NOT DISTINCT FROM r.refusal;
	-- Three different recipients are enough to know.
	told text[] := CASE WHEN NOT same THEN ARRAY[m.to_address] WHEN m.to_address = ANY (r.refused_to) THEN r.refused_to ELSE (r.refused_to || m.to_address)[1:3] END;
	times integer := cardinality(told);
BEGIN
	IF outcome = 'sent' THEN
		DELETE FROM wanzami.mail_doubt WHERE mail_id = m.id OR state = 'refused';
		UPDATE wanzami.mail_doubt SET state = 'judged' WHERE state = 'held';
		UPDATE wanzami.mail_relay SET refusal = NULL, refused_to = NULL WHERE refusal IS NOT NULL;
	END IF;
	IF outcome NOT IN ('refused', 'later') OR m.once THEN
		RETURN outcome;
	END IF;
	DELETE FROM wanzami.mail_doubt WHERE mail_id = m.id AND state = 'judged';
	IF FOUND THEN
		RETURN outcome;
	END IF;
	IF NOT same THEN
		DELETE FROM wanzami.mail_doubt WHERE state = 'refused';
	END IF;
	UPDATE wanzami.mail_relay SET refusal = said, refused_to = told;
	IF outcome = 'refused' THEN
		INSERT INTO wanzami.mail_doubt (mail_id, vars) VALUES (m.id, m.vars) ON CONFLICT DO NOTHING;
	END IF;
	IF times < 3 THEN
		RETURN outcome;
	END IF;
	DELETE FROM wanzami.refused_address a USING wanzami.mail_doubt d WHERE d.state = 'refused' AND a.mail_id = d.mail_id;
	UPDATE wanzami.mail_outbox o SET failed_at = NULL, vars = d.vars, next_attempt_at = now() + interval '5 seconds'
	FROM wanzami.mail_doubt d WHERE d.state = 'refused' AND o.id = d.mail_id AND o.failed_at IS NOT NULL;
	UPDATE wanzami.mail_doubt SET state = 'held', vars = NULL WHERE state = 'refused';
	RETURN CASE outcome WHEN 'refused' THEN 'alarm' ELSE 'relay' END;
END $$;
