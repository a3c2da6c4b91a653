-- Cron job payments, step 1: returns the next PENDING purchase with an id above $1 that is older than two minutes.
-- $1: purchase id.
SELECT "id", "gateway", "paystackRef" FROM "PpvPurchase"
WHERE "status" = 'PENDING' AND "id" > $1::bigint AND "createdAt" < wanzami.now() - interval '2 minutes'
ORDER BY "id" LIMIT 1
