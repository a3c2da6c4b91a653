-- POST /api/support/tickets (docs/compatibility.md#ticket-create): opens a ticket and queues a mail to SUPPORT_EMAIL. The
-- ticket belongs to the user of the token if the session still exists, else to none. Returns 201 with the ticket.
-- $1: userId, deviceId, session, issued, supportEmail.
-- $2: email, subject, message.
SELECT wanzami.refuse_with(400, json_build_object('message', 'Invalid ticket payload',
	'issues', json_build_array(json_build_object('path', json_build_array(i.field), 'message', i.message)))) FROM wanzami.ticket_issue($2) i;
WITH opened AS (
	INSERT INTO "SupportTicket" AS t ("userId", "email", "subject", "message", "createdAt", "updatedAt")
	VALUES ((SELECT u."id" FROM "User" u WHERE u."id" = ($1 ->> 'userId')::bigint
			AND wanzami.session_stands(u."id", $1 ->> 'deviceId', $1 ->> 'session', ($1 ->> 'issued')::bigint)),
		wanzami.trim($2 ->> 'email'), wanzami.text_or($2, 'subject', 'Support request'), wanzami.text_or($2, 'message', '(no message provided)'),
		wanzami.now(), wanzami.now())
	RETURNING t
), thread AS (
	INSERT INTO "SupportTicketMessage" ("ticketId", "userId", "isAdmin", "message", "createdAt")
	SELECT (o.t)."id", (o.t)."userId", false, (o.t)."message", wanzami.now() FROM opened o
), mailed AS (
	INSERT INTO wanzami.mail_outbox (to_address, template, vars)
	SELECT $1 ->> 'supportEmail', 'ticket', jsonb_build_object('email', (o.t)."email", 'subject', (o.t)."subject", 'message', (o.t)."message") FROM opened o
)
SELECT 201 AS status, json_build_object('ticket', wanzami.ticket(o.t))::text AS body FROM opened o
