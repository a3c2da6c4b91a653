-- Returns the timestamp for rows: UTC, in milliseconds, the same for a whole transaction (docs/compatibility.md#timestamps).
CREATE OR REPLACE FUNCTION wanzami.now() RETURNS timestamp LANGUAGE sql STABLE AS $$
	SELECT date_trunc('milliseconds', timezone('UTC', now()))
$$;
