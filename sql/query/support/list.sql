-- GET /api/admin/support/tickets (docs/compatibility.md#ticket-list): returns 200 with the tickets that match, newest first,
-- and the number of tickets by status.
-- $1: query.q, query.email, query.days, query.status, query.limit.
SELECT 200 AS status, json_build_object(
	'tickets', coalesce((SELECT json_agg(wanzami.ticket(r)) FROM (
		SELECT t.* FROM "SupportTicket" t, wanzami.trim($1 #>> '{query,q}') q, wanzami.trim($1 #>> '{query,email}') e,
			CAST($1 #>> '{query,days}' AS double precision) d, CAST($1 #>> '{query,status}' AS "SupportTicketStatus") s
		WHERE (s IS NULL OR t."status" = s)
		AND (coalesce(q, '') = '' OR strpos(lower(t."subject"), lower(q)) > 0 OR strpos(lower(t."message"), lower(q)) > 0)
		AND (coalesce(e, '') = '' OR strpos(lower(t."email"), lower(e)) > 0)
		AND (d IS NULL OR t."createdAt" >= wanzami.now() - d * interval '1 day')
		ORDER BY t."createdAt" DESC, t."id" DESC
		LIMIT ($1 #>> '{query,limit}')::bigint
	) r), '[]'),
	'counts', (SELECT coalesce(json_object_agg(c."status", c.count), '{}') FROM (
		SELECT "status", count(*) FROM "SupportTicket" GROUP BY "status" ORDER BY "status") c))::text AS body
