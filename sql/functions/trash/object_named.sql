-- Returns the object key in a stored URL, NULL if it names no object of ours: s3:// and one of our folders, or a path that ends like
-- the keys of artwork (docs/compatibility.md#object-keys).
CREATE OR REPLACE FUNCTION wanzami.object_named(url text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(substring(url FROM '^s3://[^/]*/((?:vod|uploads|poster|thumbnail|trailers?|preview[^/]*|asset)/.+)$'),
		substring(url FROM '(?:^|/)([A-Za-z0-9_-]{1,32}/[0-9]{13}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$'))
$$;
