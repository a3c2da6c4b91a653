-- Returns the response to the same request of the same administrator (docs/compatibility.md#campaign-again), NULL if there is none: that with
-- the same key in the last day, or without a key an equal one in the last ten minutes, unless its mails have been deleted. Refuses a key
-- that belongs to another request.
CREATE OR REPLACE FUNCTION wanzami.campaign_again(digest_of text, key_of text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
	c wanzami.campaign;
BEGIN
	IF key_of IS NULL THEN
		RETURN (SELECT x.answer FROM wanzami.campaign x WHERE x.request = digest_of AND x.created_at > now() - interval '10 minutes'
			AND EXISTS (SELECT FROM wanzami.mail_outbox m WHERE m.campaign_id = x.id) ORDER BY x.id DESC LIMIT 1);
	END IF;
	SELECT * INTO c FROM wanzami.campaign x WHERE x.request_key = key_of AND x.created_at > now() - interval '1 day' ORDER BY x.id DESC LIMIT 1;
	IF c.request <> digest_of THEN
		PERFORM wanzami.refuse(422, 'Idempotency-Key belongs to another campaign');
	END IF;
	RETURN c.answer;
END $$;
