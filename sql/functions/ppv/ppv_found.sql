-- Applies the gateway's response about a payment whose reference no purchase has (docs/payments.md#payments-without-a-purchase). If it was
-- paid, and title, buyer and amount fit, it becomes the purchase; then the kept reports are applied. "says" is ok, refused (the gateway
-- knows no such payment) or unknown (no usable response). Returns 'restored', 'held', 'unpaid' or 'waiting'.
CREATE OR REPLACE FUNCTION wanzami.ppv_found(gateway_is text, ref text, says text, answer jsonb, days integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	u wanzami.ppv_unknown;
	data jsonb := answer -> 'data';
	meta jsonb := CASE gateway_is WHEN 'PAYSTACK' THEN data -> 'metadata' ELSE data -> 'meta' END;
	address text := data #>> '{customer,email}';
	status text := CASE WHEN ref IN (data ->> 'reference', data ->> 'tx_ref') THEN data ->> 'status' END;
	closed boolean := coalesce(status IN ('reversed', 'failed', 'cancelled'), false);
	paid numeric := CASE gateway_is WHEN 'PAYSTACK' THEN wanzami.field_amount(data, 'amount') ELSE round(100 * wanzami.field_amount(data, 'amount')) END;
	currency_is text := CASE gateway_is WHEN 'PAYSTACK' THEN 'NGN' ELSE 'USD' END;
	t "Title";
	buyer "User";
	why text;
	kept wanzami.ppv_unknown_report;
BEGIN
	SELECT * INTO u FROM wanzami.ppv_unknown WHERE gateway = gateway_is AND reference = ref FOR UPDATE;
	IF NOT FOUND OR says = 'unknown' THEN
		RETURN 'waiting';
	END IF;
	IF status IS NULL OR status NOT IN ('success', 'successful') THEN
		IF NOT closed AND u.attempts < 8 THEN
			RETURN 'waiting';
		ELSIF NOT closed AND EXISTS (SELECT FROM wanzami.ppv_unknown_report r WHERE r.gateway = gateway_is AND r.reference = ref AND r.says = 'paid') THEN
			RETURN wanzami.ppv_hold(u, 'a webhook has reported the payment, but the gateway ' || coalesce('says ' || left(status, 32), 'does not know it'));
		END IF;
		DELETE FROM wanzami.ppv_unknown WHERE gateway = gateway_is AND reference = ref;
		RETURN 'unpaid';
	END IF;
	IF NOT EXISTS (SELECT FROM "PpvPurchase" WHERE "paystackRef" = ref) THEN
		SELECT * INTO t FROM "Title" WHERE "id" = wanzami.integer_of(meta ->> 'titleId') AND ref LIKE 'PPV-' || "id" || '-%' FOR KEY SHARE;
		SELECT * INTO buyer FROM wanzami.ppv_buyer(wanzami.integer_of(meta ->> 'userId'), address) b ORDER BY b."id" LIMIT 1;
		why := wanzami.ppv_misfit(t, buyer, address, paid, data ->> 'currency', currency_is);
		IF why IS NOT NULL AND paid <= (SELECT sum(coalesce(r.minor, paid)) FROM wanzami.ppv_unknown_report r
			WHERE r.gateway = gateway_is AND r.reference = ref AND r.says = 'refunded') THEN
			DELETE FROM wanzami.ppv_unknown WHERE gateway = gateway_is AND reference = ref;
			RETURN 'unpaid';
		ELSIF why IS NOT NULL THEN
			RETURN wanzami.ppv_hold(u, why);
		END IF;
		INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "currency", "gateway", "paystackRef", "createdAt", "updatedAt")
		VALUES (buyer."id", t."id", t."ppvPriceNaira", currency_is, gateway_is, ref, wanzami.now(), wanzami.now());
	END IF;
	PERFORM wanzami.ppv_settle(ref, 'paid', gateway_is, paid, data ->> 'currency', data ->> 'id', answer, days);
	FOR kept IN SELECT * FROM wanzami.ppv_unknown_report r WHERE r.gateway = gateway_is AND r.reference = ref ORDER BY r.id LOOP
		PERFORM wanzami.ppv_settle(ref, kept.says, gateway_is, kept.minor, kept.currency, kept.trx, kept.payload, days, kept.fact);
	END LOOP;
	DELETE FROM wanzami.ppv_unknown WHERE gateway = gateway_is AND reference = ref;
	RETURN 'restored';
END $$;
