-- POST /api/admin/assets/presign (docs/compatibility.md#asset-presign): writes an audit row and returns 200 with the key and
-- the URLs that the handler has made.
-- $1: userId, key, kind, publicUrl, url.
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'ASSET_PRESIGN', $1 ->> 'key',
	jsonb_strip_nulls(jsonb_build_object('kind', $1 ->> 'kind', 'publicUrl', $1 ->> 'publicUrl')));
SELECT 200 AS status, json_strip_nulls(json_build_object('key', $1 ->> 'key', 'url', $1 ->> 'url', 'publicUrl', $1 ->> 'publicUrl'))::text AS body
