-- Pay per view (contract media §10 and §12.2, PPV-1 to PPV-9).

-- Who pays by which gateway; NULL is a country that nobody knows.
CREATE FUNCTION wanzami.ppv_gateway(country text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN country IS NULL OR country = ANY ('{DZ,AO,BJ,BW,BF,BI,CM,CV,CF,TD,KM,CG,CD,DJ,EG,GQ,ER,SZ,ET,GA,GM,GH,GN,GW,CI,KE,'
		'LS,LR,LY,MG,MW,ML,MR,MU,MA,MZ,NA,NE,NG,RW,ST,SN,SC,SL,SO,ZA,SS,SD,TZ,TG,TN,UG,ZM,ZW}'::text[]) THEN 'PAYSTACK' ELSE 'FLUTTERWAVE' END
$$;

-- What a price in naira is in the smallest unit of the currency that is paid in: kobo, or cents at 600 naira for a dollar.
CREATE FUNCTION wanzami.ppv_minor(naira integer, currency text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN currency = 'USD' THEN div(naira + 3, 6) ELSE naira * 100::numeric END
$$;

-- Whether a user has a purchase of a title that has not run out.
CREATE FUNCTION wanzami.ppv_bought(user_id bigint, title_id bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM "PpvPurchase" p WHERE p."userId" = user_id AND p."titleId" = title_id
		AND p."status" = 'SUCCESS' AND p."accessExpiresAt" > wanzami.now())
$$;

-- Who was found entitled to a title lately, and from where: "client" is an address (of IPv6 its network), "agent" the digest of
-- the program's name. The addresses of a title's media work from there.
CREATE TABLE wanzami.ppv_grant (
	title_id BIGINT NOT NULL REFERENCES "Title" ("id") ON DELETE CASCADE,
	client TEXT NOT NULL,
	agent TEXT NOT NULL,
	user_id BIGINT NOT NULL REFERENCES "User" ("id") ON DELETE CASCADE,
	expires_at TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (title_id, client, agent, user_id)
);
CREATE INDEX ppv_grant_user_idx ON wanzami.ppv_grant (user_id);
CREATE INDEX ppv_grant_expires_idx ON wanzami.ppv_grant (expires_at);

-- Purchases whose money went back: no replay of the payment brings them to life again.
CREATE TABLE wanzami.ppv_reversal (
	purchase_id BIGINT PRIMARY KEY REFERENCES "PpvPurchase" ("id") ON DELETE CASCADE,
	reversed_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- How the media of a title are handed out: 'direct' as signed addresses of the store, 'gate' as addresses of ours that look for
-- a grant, 'none' without any. Whoever shows a token gets the first or the last; administrators always the first.
CREATE FUNCTION wanzami.ppv_way(t "Title", request jsonb) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE
		WHEN NOT t."isPpv" OR request ->> 'enforcement' = 'off' THEN 'direct'
		WHEN request ->> 'userId' IS NULL THEN CASE request ->> 'enforcement' WHEN 'grant' THEN 'gate' ELSE 'none' END
		WHEN EXISTS (SELECT FROM "User" u JOIN "Session" s ON s."userId" = u."id" AND s."deviceId" = request ->> 'deviceId'
			WHERE u."id" = (request ->> 'userId')::bigint
			AND (u."role" <> 'USER' OR (NOT u."ppvBanned" AND wanzami.ppv_bought(u."id", t."id")))) THEN 'direct'
		ELSE 'none'
	END
$$;

-- The READY renditions of a title or of an episode, largest first, the newest of each, handed out that way.
DROP FUNCTION wanzami.assets(bigint, bigint, boolean, text);
CREATE FUNCTION wanzami.assets(title_id bigint, episode_id bigint, way text, mark text) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT coalesce(json_agg(a ORDER BY a."rendition"), '[]') FROM (
		SELECT DISTINCT ON (v."rendition") v."id"::text AS "id", v."rendition",
			CASE way WHEN 'direct' THEN wanzami.playable(v."url", '|vod', mark) WHEN 'gate' THEN mark || ':gate:' || v."id" END AS "url",
			v."sizeBytes", v."durationSec", v."status"
		FROM "AssetVersion" v
		WHERE v."status" = 'READY' AND (v."titleId" = title_id OR v."episodeId" = episode_id)
		ORDER BY v."rendition", v."updatedAt" DESC, v."id" DESC
	) a
$$;

-- A purchase as lists show it (contract media §10.4, §10.5), without the last brace.
CREATE FUNCTION wanzami.ppv_purchase(p "PpvPurchase") RETURNS text LANGUAGE sql STABLE AS $$
	SELECT left(row_to_json(r)::text, -1) FROM (SELECT p."id"::text AS "id", p."userId"::text AS "userId", p."titleId"::text AS "titleId",
		p."amountNaira", p."currency", p."gateway", p."paystackRef", p."paystackTrxId", p."status",
		wanzami.iso(p."accessExpiresAt") AS "accessExpiresAt", wanzami.iso(p."createdAt") AS "createdAt",
		wanzami.iso(p."updatedAt") AS "updatedAt") r
$$;

-- A title with everything that is stored of it, as it is stored.
CREATE FUNCTION wanzami.title_stored(t "Title") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT row_to_json(r) FROM (SELECT t."id"::text AS "id", t."type", t."name", t."description", coalesce(t."genres", '{}') AS "genres",
		coalesce(t."cast", '{}') AS "cast", coalesce(t."crew", '{}') AS "crew", t."language", t."maturityRating", t."runtimeMinutes",
		coalesce(t."countryAvailability", '{}') AS "countryAvailability", t."isOriginal", wanzami.iso(t."releaseDate") AS "releaseDate",
		t."posterUrl", t."thumbnailUrl", t."trailerUrl", t."previewSpriteUrl", t."previewVttUrl", t."introStartSec", t."introEndSec",
		t."archived", t."pendingReview", t."isPpv", t."ppvPriceNaira", t."ppvCurrency", t."ppvDescription",
		wanzami.iso(t."createdAt") AS "createdAt", wanzami.iso(t."updatedAt") AS "updatedAt") r
$$;

-- Thanks for a purchase, with up to three more titles that can be bought (contract media §10.8).
CREATE FUNCTION wanzami.ppv_thank(p "PpvPurchase") RETURNS void LANGUAGE sql AS $$
	INSERT INTO wanzami.mail_outbox (to_address, template, vars)
	SELECT u."email", 'purchase', jsonb_build_object('name', u."name", 'title', t."name") || coalesce((
			SELECT jsonb_object_agg(x.name || o.n, x.value) FROM (
				SELECT row_number() OVER (ORDER BY m."createdAt" DESC, m."id" DESC) AS n, m."id"::text AS id,
					m."name" || coalesce(' · ₦' || m."ppvPriceNaira", '') AS label
				FROM "Title" m WHERE m."isPpv" AND m."id" <> t."id" AND NOT m."archived" AND NOT m."pendingReview"
				ORDER BY n LIMIT 3
			) o, LATERAL (VALUES ('id', o.id), ('label', o.label)) x(name, value)), '{}')
	FROM "User" u, "Title" t WHERE u."id" = p."userId" AND t."id" = p."titleId"
$$;

-- A number, or a text that reads as one; NULL for anything else.
CREATE FUNCTION wanzami.field_amount(body jsonb, field text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN wanzami.field_is_number(body, field) THEN (body ->> field)::numeric END
$$;

-- What a gateway says of a purchase: 'paid', 'failed', 'reversed' (the money went back), 'restored' (it did not, after all),
-- 'expired' (nobody paid in time), or anything else, which changes nothing. "minor" is in kobo or cents. Rows are locked, so that
-- of many that say the same one counts: the first success fixes the end of the access (PPV-4). Tells what was done: 'unknown' (no
-- such purchase), 'mismatch', 'nothing' or 'changed'.
CREATE FUNCTION wanzami.ppv_settle(reference text, says text, gateway_says text, minor numeric, currency_says text, trx text, payload jsonb,
	days integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	p "PpvPurchase";
	due numeric;
	complaint text;
BEGIN
	SELECT * INTO p FROM "PpvPurchase" WHERE "paystackRef" = reference FOR UPDATE;
	IF NOT FOUND THEN
		RETURN 'unknown';
	END IF;
	due := wanzami.ppv_minor(p."amountNaira", p."currency");
	IF says = 'paid' AND p."status" <> 'SUCCESS' AND NOT EXISTS (SELECT FROM wanzami.ppv_reversal WHERE purchase_id = p."id") THEN
		IF p."gateway" <> gateway_says OR minor IS DISTINCT FROM due OR upper(currency_says) IS DISTINCT FROM p."currency" THEN
			complaint := format('PPV payment %s does not fit: %s %s by %s, due are %s %s by %s', reference, coalesce(minor::text, 'no amount'),
				coalesce(left(currency_says, 16), 'no currency'), gateway_says, due, p."currency", p."gateway");
			INSERT INTO "ErrorLog" ("level", "message", "context", "userId")
			SELECT 'ERROR', complaint, jsonb_build_object('purchaseId', p."id"::text, 'transaction', trx), p."userId"
			WHERE NOT EXISTS (SELECT FROM "ErrorLog" WHERE "createdAt" > wanzami.now() - interval '1 day' AND "message" = complaint);
			RETURN 'mismatch';
		END IF;
		UPDATE "PpvPurchase" SET "status" = 'SUCCESS', "paystackTrxId" = coalesce(trx, ''), "rawPayload" = payload,
			"accessExpiresAt" = wanzami.now() + days * interval '1 day', "updatedAt" = wanzami.now()
		WHERE "id" = p."id";
		PERFORM wanzami.ppv_thank(p);
	ELSIF says = 'failed' AND p."status" IN ('PENDING', 'CANCELLED') THEN
		UPDATE "PpvPurchase" SET "status" = 'FAILED', "rawPayload" = payload, "updatedAt" = wanzami.now() WHERE "id" = p."id";
	ELSIF says = 'expired' AND p."status" = 'PENDING' THEN
		UPDATE "PpvPurchase" SET "status" = 'CANCELLED', "updatedAt" = wanzami.now() WHERE "id" = p."id";
	ELSIF says = 'reversed' AND (p."status" = 'SUCCESS' OR p."accessExpiresAt" IS NULL) AND (minor IS NULL OR minor >= due) THEN
		INSERT INTO wanzami.ppv_reversal (purchase_id) VALUES (p."id") ON CONFLICT DO NOTHING;
		UPDATE "PpvPurchase" SET "status" = 'FAILED', "rawPayload" = payload, "updatedAt" = wanzami.now() WHERE "id" = p."id";
	ELSIF says = 'restored' AND p."accessExpiresAt" IS NOT NULL AND EXISTS (SELECT FROM wanzami.ppv_reversal WHERE purchase_id = p."id") THEN
		DELETE FROM wanzami.ppv_reversal WHERE purchase_id = p."id";
		UPDATE "PpvPurchase" SET "status" = 'SUCCESS', "rawPayload" = payload, "updatedAt" = wanzami.now() WHERE "id" = p."id";
	ELSE
		RETURN 'nothing';
	END IF;
	RETURN 'changed';
END $$;
