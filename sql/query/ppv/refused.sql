-- POST /api/ppv/initiate, when the gateway did not want it.
UPDATE "PpvPurchase" SET "status" = 'FAILED', "rawPayload" = ($1 ->> 'details')::jsonb, "updatedAt" = wanzami.now()
WHERE "paystackRef" = $1 ->> 'reference' AND "status" = 'PENDING';
SELECT 502 AS status, '{"message":"' || ($1 ->> 'refusal') || '","details":' || ($1 ->> 'details') || '}' AS body
