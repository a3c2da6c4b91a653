-- Removes repetitions from a list of recipients: each e-mail address keeps its first position, its last spelling and the last name
-- given (docs/compatibility.md#campaign-recipients). "name" is NULL if none was given.
CREATE OR REPLACE FUNCTION wanzami.recipients(list jsonb) RETURNS TABLE (place bigint, email text, name text) LANGUAGE sql IMMUTABLE AS $$
	SELECT row_number() OVER (ORDER BY min(n)) - 1, (array_agg(r ->> 'email' ORDER BY n DESC))[1],
		(array_agg(r ->> 'name' ORDER BY n DESC) FILTER (WHERE r ? 'name'))[1]
	FROM jsonb_array_elements(list) WITH ORDINALITY x(r, n) GROUP BY lower(r ->> 'email')
$$;
