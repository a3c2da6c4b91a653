-- POST /api/admin/support/tickets/:id/messages (docs/compatibility.md#ticket-reply): stores a reply and queues its mail, in
-- which {{name}} and {{email}} become the ticket's e-mail address (docs/compatibility.md#mail-placeholders). Returns 201
-- with the message.
-- $1: id, userId.
-- $2: message.
SELECT wanzami.refuse(404, 'Ticket not found') WHERE NOT EXISTS (SELECT FROM "SupportTicket" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
UPDATE "SupportTicket" SET "lastReplyAt" = wanzami.now(), "updatedAt" = wanzami.now() WHERE "id" = ($1 ->> 'id')::bigint;
INSERT INTO wanzami.mail_outbox (to_address, template, vars)
SELECT "email", 'reply', jsonb_build_object('subject', "subject", 'message', regexp_replace($2 ->> 'message', '\{\{\s*(name|email)\s*\}\}',
	replace("email", '\', '\\'), 'gi'))
FROM "SupportTicket" WHERE "id" = ($1 ->> 'id')::bigint;
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'TICKET_REPLY', $1 ->> 'id', NULL);
INSERT INTO "SupportTicketMessage" ("ticketId", "userId", "isAdmin", "message", "createdAt")
VALUES (($1 ->> 'id')::bigint, ($1 ->> 'userId')::bigint, true, $2 ->> 'message', wanzami.now())
RETURNING 201 AS status, json_build_object('message', json_build_object('id', "id"::text, 'ticketId', "ticketId"::text, 'message', "message",
	'isAdmin', "isAdmin", 'createdAt', wanzami.iso("createdAt")))::text AS body
