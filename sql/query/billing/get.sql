-- GET /api/user/billing (docs/compatibility.md#billing): returns 200 with the user's billing account or null.
-- $1: userId.
SELECT 200 AS status, json_build_object('billing', (
	SELECT wanzami.billing(b) FROM "BillingAccount" b WHERE b."userId" = ($1 ->> 'userId')::bigint))::text AS body
FROM (SELECT $2) unused
