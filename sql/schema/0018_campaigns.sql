-- Attempts are counted in Valkey (src/http/limit.c).
DROP FUNCTION wanzami.attempt_allowed(text, bigint, interval);
DROP FUNCTION wanzami.attempt_forgive(text);
DROP TABLE wanzami.attempt;

-- What is sent to many: kept once, while each of its mails is a row of the outbox with the template "campaign" and, in "vars",
-- email and name of one recipient. A row goes with the last of its mails.
CREATE TABLE wanzami.campaign (
	id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	subject TEXT NOT NULL,
	html TEXT NOT NULL,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
ALTER TABLE wanzami.mail_outbox ADD COLUMN campaign_id BIGINT REFERENCES wanzami.campaign;
CREATE INDEX mail_outbox_campaign_idx ON wanzami.mail_outbox (campaign_id) WHERE campaign_id IS NOT NULL;

-- Numbers of the hourly batches, which clients know as jobs (contract people §2.14).
CREATE SEQUENCE wanzami.campaign_batch;

-- A list of recipients without its repetitions: each address at its first place, spelt as the last time, with the name that was
-- given last (contract people §3.38). "name" is NULL where none was given.
CREATE FUNCTION wanzami.recipients(list jsonb) RETURNS TABLE (place bigint, email text, name text) LANGUAGE sql IMMUTABLE AS $$
	SELECT row_number() OVER (ORDER BY min(n)) - 1, (array_agg(r ->> 'email' ORDER BY n DESC))[1],
		(array_agg(r ->> 'name' ORDER BY n DESC) FILTER (WHERE r ? 'name'))[1]
	FROM jsonb_array_elements(list) WITH ORDINALITY x(r, n) GROUP BY lower(r ->> 'email')
$$;
