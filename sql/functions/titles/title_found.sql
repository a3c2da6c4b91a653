-- Returns true if the title's name contains the text of the query parameter q, or if there is none
-- (docs/compatibility.md#list-parts).
CREATE OR REPLACE FUNCTION wanzami.title_found(t "Title", query jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(strpos(lower(t."name"), lower(wanzami.trim(query ->> 'q'))) <> 0, true)
$$;
