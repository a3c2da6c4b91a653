-- Cron job payments-compare, step 3 (docs/payments.md#comparison): enters the paid payments of a page of the gateway's list for which
-- there is no purchase with a charge; the cron job payments verifies them. Removes the purchases that the page has from those of step 2.
-- Returns the numbers of payments and of entered ones, and that of the list's pages.
-- $1: gateway.
-- $2: response of the gateway (JSON).
WITH listed AS (
	SELECT DISTINCT coalesce(nullif(d ->> 'reference', ''), d ->> 'tx_ref') AS reference
	FROM jsonb_array_elements(CASE jsonb_typeof($2::jsonb -> 'data') WHEN 'array' THEN $2::jsonb -> 'data' END) d
	WHERE d ->> 'status' IN ('success', 'successful') AND coalesce(nullif(d ->> 'reference', ''), d ->> 'tx_ref') ~ '^PPV-[0-9]{1,19}-.{1,100}$'
), entered AS (
	INSERT INTO wanzami.ppv_unknown (gateway, reference)
	SELECT $1::text, l.reference FROM listed l WHERE NOT EXISTS (SELECT FROM "PpvPurchase" p WHERE p."paystackRef" = l.reference
		AND (p."status" = 'SUCCESS' OR EXISTS (SELECT FROM wanzami.ppv_fact f WHERE f.purchase_id = p."id" AND f.kind = 'charge')))
	ON CONFLICT DO NOTHING RETURNING 1
), found AS (
	DELETE FROM wanzami.ppv_unlisted u USING "PpvPurchase" p, listed l WHERE p."id" = u.purchase_id AND p."paystackRef" = l.reference AND p."gateway" = $1
)
SELECT (SELECT count(*) FROM listed) AS payments, (SELECT count(*) FROM entered) AS entered,
	coalesce(wanzami.integer_of(coalesce($2::jsonb #>> '{meta,pageCount}', $2::jsonb #>> '{meta,page_info,total_pages}')), 1) AS pages
