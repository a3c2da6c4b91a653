-- Returns true if a row of "AssetVersion" that is not READY, with this URL, is to be made of the source: its URL is that of the source, or NULL.
CREATE OR REPLACE FUNCTION wanzami.asset_made_of(url text, source_key text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT url IS NULL OR url LIKE '%/' || replace(replace(replace(source_key, '\', '\\'), '%', '\%'), '_', '\_')
$$;
