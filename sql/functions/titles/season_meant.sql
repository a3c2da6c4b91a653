-- Returns true if an entry of a list of seasons has a season number; entries without one are skipped
-- (docs/compatibility.md#season-upsert).
CREATE OR REPLACE FUNCTION wanzami.season_meant(entry jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT wanzami.truthy(entry -> 'seasonNumber') OR coalesce(entry -> 'seasonNumber' = '0', false)
$$;
