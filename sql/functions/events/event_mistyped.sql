-- Returns the issue for a field of the wrong type, in the form of the Zod library that clients know
-- (docs/compatibility.md#event-ingest).
CREATE OR REPLACE FUNCTION wanzami.event_mistyped(path json, expected text, received text) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT json_build_object('code', 'invalid_type', 'expected', expected, 'received', received, 'path', path, 'message',
		'Expected ' || expected || ', received ' || received)
$$;
