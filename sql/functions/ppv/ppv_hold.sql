-- Leaves a payment without a purchase to a person: a line of wanzami status and the console, and, when the reason is new, a row of the
-- error log (docs/payments.md#payments-without-a-purchase).
CREATE OR REPLACE FUNCTION wanzami.ppv_hold(u wanzami.ppv_unknown, why text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO "ErrorLog" ("level", "message", "context")
	SELECT 'ERROR', format('PPV payment %s of %s has no purchase: %s', u.reference, u.gateway, why), jsonb_build_object('reference', u.reference,
		'gateway', u.gateway)
	WHERE u.last_error IS DISTINCT FROM why OR u.state <> 'held';
	UPDATE wanzami.ppv_unknown SET state = 'held', last_error = why, next_at = now() + interval '1 day'
	WHERE gateway = u.gateway AND reference = u.reference;
	RETURN 'held';
END $$;
