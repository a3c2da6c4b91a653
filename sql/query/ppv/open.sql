-- The first open purchase behind the one with the id $1 that has had time to be paid.
SELECT "id", "gateway", "paystackRef" FROM "PpvPurchase"
WHERE "status" = 'PENDING' AND "id" > $1::bigint AND "createdAt" < wanzami.now() - interval '2 minutes'
ORDER BY "id" LIMIT 1
