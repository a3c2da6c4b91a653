-- Records that a payment cannot be refunded by this service: a row of the error log, and a line of wanzami status and the console.
CREATE OR REPLACE FUNCTION wanzami.ppv_refuse_refund(p "PpvPurchase", why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO wanzami.ppv_refund (purchase_id, state, last_error) VALUES (p."id", 'refused', why)
	ON CONFLICT (purchase_id) DO UPDATE SET state = 'refused', last_error = excluded.last_error;
	PERFORM wanzami.ppv_complain(p, format('PPV payment %s must be refunded in the dashboard of %s: %s', p."paystackRef", p."gateway", why),
		p."paystackTrxId");
END $$;
