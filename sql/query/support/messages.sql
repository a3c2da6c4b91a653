-- GET /api/admin/support/tickets/:id/messages (docs/compatibility.md#ticket-messages): returns 200 with the messages of a
-- ticket, oldest first.
-- $1: id.
SELECT 200 AS status, json_build_object('messages', coalesce(json_agg(r), '[]'))::text AS body FROM (
	SELECT m."id"::text AS "id", m."ticketId"::text AS "ticketId", m."message", m."isAdmin", wanzami.iso(m."createdAt") AS "createdAt",
		u."email" AS "userEmail", u."name" AS "userName"
	FROM "SupportTicketMessage" m LEFT JOIN "User" u ON u."id" = m."userId"
	WHERE m."ticketId" = ($1 ->> 'id')::bigint ORDER BY m."createdAt", m."id"
) r
