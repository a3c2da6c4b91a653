-- Returns the first invalid field of a ticket and a message, no row if all are valid (docs/compatibility.md#ticket-create). A
-- value that is no text counts as missing, however long it is.
CREATE OR REPLACE FUNCTION wanzami.ticket_issue(body jsonb) RETURNS TABLE (field text, message text) LANGUAGE sql IMMUTABLE AS $$
	SELECT checks.field, checks.message FROM (VALUES
		('email', 'Valid email is required', coalesce(jsonb_typeof(body -> 'email') <> 'string', true)
			OR strpos(wanzami.trim(body ->> 'email'), '@') = 0 OR length(body ->> 'email') > 320),
		('subject', 'Subject must be at most 200 characters', length(wanzami.text_or(body, 'subject', '')) > 200),
		('message', 'Message must be at most 20000 characters', length(wanzami.text_or(body, 'message', '')) > 20000)
	) checks (field, message, wrong) WHERE wrong LIMIT 1
$$;
