-- Returns a support ticket as clients see it.
CREATE OR REPLACE FUNCTION wanzami.ticket(t "SupportTicket") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT row_to_json(r) FROM (SELECT t."id"::text AS "id", t."email", t."subject", t."message", t."status", t."priority",
		wanzami.iso(t."createdAt") AS "createdAt", wanzami.iso(t."updatedAt") AS "updatedAt", wanzami.iso(t."lastReplyAt") AS "lastReplyAt") r
$$;
