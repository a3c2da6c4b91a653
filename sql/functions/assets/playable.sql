-- Returns the URL of a stored file for clients. An object URL becomes a placeholder, for which the server puts a URL signed for 12
-- hours (docs/compatibility.md#playback-urls). Only keys in the listed folders may be signed
-- (docs/compatibility.md#signed-prefixes); others return NULL.
CREATE OR REPLACE FUNCTION wanzami.playable(url text, folders text, placeholder text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN url NOT LIKE 's3://%' THEN url
		WHEN split_part(url, '/', 4) ~ ('^(poster|thumbnail|trailers?|asset|preview.*' || folders || ')$')
			THEN placeholder || ':43200:' || regexp_replace(url, '^s3://[^/]*/', '')
	END
$$;
