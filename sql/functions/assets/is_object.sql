-- Returns true if a stored URL is an object of the bucket, by the rule of the Node service (docs/compatibility.md#title-purge):
-- s3:// and the bucket, or a host that begins with the bucket's name.
CREATE OR REPLACE FUNCTION wanzami.is_object(url text, bucket text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(starts_with(url, 's3://' || bucket || '/') OR (lower(url) ~ '^https?://' AND starts_with(lower(split_part(url, '/', 3)), lower(bucket) || '.')), false)
$$;
