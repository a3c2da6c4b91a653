-- PATCH /api/admin/support/tickets/:id (docs/compatibility.md#ticket-update): sets the status of a ticket. Returns 200 with
-- the ticket.
-- $1: id, userId.
-- $2: status.
SELECT wanzami.refuse(400, 'Invalid status') WHERE coalesce($2 ->> 'status', '') <> ALL (enum_range(NULL::"SupportTicketStatus")::text[]);
SELECT wanzami.refuse(404, 'Ticket not found') WHERE NOT EXISTS (SELECT FROM "SupportTicket" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'TICKET_UPDATE', $1 ->> 'id', jsonb_build_object('from', "status", 'to', $2 ->> 'status'))
FROM "SupportTicket" WHERE "id" = ($1 ->> 'id')::bigint;
UPDATE "SupportTicket" AS t SET "status" = ($2 ->> 'status')::"SupportTicketStatus", "updatedAt" = wanzami.now()
WHERE t."id" = ($1 ->> 'id')::bigint
RETURNING 200 AS status, json_build_object('ticket', wanzami.ticket(t))::text AS body
