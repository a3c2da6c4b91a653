-- POST /api/ppv/initiate, step 2 of 2, the payment gateway has refused (docs/compatibility.md#purchase): marks the purchase
-- as FAILED. Returns 502 with the gateway's response.
-- $1: details, reference, refusal.
UPDATE "PpvPurchase" SET "status" = 'FAILED', "rawPayload" = ($1 ->> 'details')::jsonb, "updatedAt" = wanzami.now()
WHERE "paystackRef" = $1 ->> 'reference' AND "status" = 'PENDING';
SELECT wanzami.ppv_fact_add("id", 'failed', NULL, NULL) FROM "PpvPurchase" WHERE "paystackRef" = $1 ->> 'reference';
SELECT 502 AS status, '{"message":"' || ($1 ->> 'refusal') || '","details":' || ($1 ->> 'details') || '}' AS body
