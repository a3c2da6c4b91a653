-- POST /api/admin/assets/get-url (docs/compatibility.md#asset-get-url): returns 200 with the presigned URL that the handler
-- has made.
-- $1: url.
SELECT 200 AS status, json_build_object('url', $1 ->> 'url')::text AS body
