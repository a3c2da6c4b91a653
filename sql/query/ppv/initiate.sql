-- POST /api/ppv/initiate, step 1 of 2 (docs/compatibility.md#purchase): checks that the user can buy the title and inserts
-- a PENDING purchase. Hidden titles are refused with 404, bought ones with 409. Returns what the handler sends to the
-- payment gateway.
-- $1: titleId, userId, payCountry, reference.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (
	SELECT FROM "Title" t WHERE t."id" = ($1 ->> 'titleId')::bigint
	AND (wanzami.ppv_bought(($1 ->> 'userId')::bigint, t."id") OR (NOT t."archived" AND NOT t."pendingReview"
		AND (coalesce(t."countryAvailability", '{}') = '{}' OR coalesce($1 ->> 'payCountry' = ANY (t."countryAvailability"), true)))));
SELECT wanzami.refuse(400, 'Title is not PPV') FROM "Title" WHERE "id" = ($1 ->> 'titleId')::bigint AND NOT "isPpv";
SELECT wanzami.refuse(400, 'PPV price not configured') FROM "Title" WHERE "id" = ($1 ->> 'titleId')::bigint AND coalesce("ppvPriceNaira", 0) <= 0;
SELECT wanzami.refuse(403, 'PPV access barred') FROM "User" WHERE "id" = ($1 ->> 'userId')::bigint AND "ppvBanned";
SELECT wanzami.refuse(409, 'Already purchased') WHERE wanzami.ppv_bought(($1 ->> 'userId')::bigint, ($1 ->> 'titleId')::bigint);
WITH made AS (
	INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "currency", "gateway", "paystackRef", "createdAt", "updatedAt")
	SELECT ($1 ->> 'userId')::bigint, t."id", t."ppvPriceNaira", CASE g.name WHEN 'PAYSTACK' THEN 'NGN' ELSE 'USD' END, g.name,
		$1 ->> 'reference', wanzami.now(), wanzami.now()
	FROM "Title" t, wanzami.ppv_gateway($1 ->> 'payCountry') g(name) WHERE t."id" = ($1 ->> 'titleId')::bigint
	RETURNING *
)
SELECT m."gateway" AS gateway, m."currency" AS currency, m."amountNaira" AS naira,
	wanzami.ppv_minor(m."amountNaira", m."currency") AS minor, u."id" AS "user", u."email" AS email, u."name" AS name
FROM made m JOIN "User" u ON u."id" = m."userId"
