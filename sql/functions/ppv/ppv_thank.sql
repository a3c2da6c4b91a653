-- Queues the mail for a purchase, with up to three more titles that can be bought (docs/compatibility.md#thank-you-mail).
CREATE OR REPLACE FUNCTION wanzami.ppv_thank(p "PpvPurchase") RETURNS void LANGUAGE sql AS $$
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
