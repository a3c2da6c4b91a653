-- Keeps what a gateway reports about a payment whose reference no purchase has, until the cron job payments has verified it
-- (docs/payments.md#payments-without-a-purchase). References of other programs that use the same account of the gateway do not begin with
-- PPV-. A repeated report is kept once. Returns 'kept', or 'unknown' if nothing is kept.
CREATE OR REPLACE FUNCTION wanzami.ppv_keep(gateway_says text, ref text, report text, amount numeric, currency_says text, trx_says text,
	message jsonb, fact_says text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	IF report IS NULL OR ref IS NULL OR ref !~ '^PPV-[0-9]{1,19}-.{1,100}$' THEN
		RETURN 'unknown';
	END IF;
	INSERT INTO wanzami.ppv_unknown (gateway, reference) VALUES (gateway_says, ref)
	ON CONFLICT (gateway, reference) DO UPDATE SET next_at = now();
	INSERT INTO wanzami.ppv_unknown_report (gateway, reference, says, minor, currency, trx, fact, payload)
	SELECT gateway_says, ref, report, amount, currency_says, trx_says, fact_says, message
	WHERE NOT EXISTS (SELECT FROM wanzami.ppv_unknown_report r WHERE r.gateway = gateway_says AND r.reference = ref AND r.payload = message);
	RETURN 'kept';
END $$;
