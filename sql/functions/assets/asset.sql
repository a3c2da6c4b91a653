-- Returns a rendition as clients see it, with the given URL, as JSON text. An unknown size or duration and a size of 0 are left out
-- (docs/compatibility.md#json-values).
CREATE OR REPLACE FUNCTION wanzami.asset(v "AssetVersion", url text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT left(json_build_object('id', v."id"::text, 'rendition', v."rendition", 'url', url)::text, -1)
		|| coalesce(',"sizeBytes":' || nullif(v."sizeBytes", 0), '') || coalesce(',"durationSec":' || v."durationSec", '')
		|| ',"status":"' || v."status" || '"}'
$$;
