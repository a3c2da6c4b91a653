-- POST /api/admin/assets/get-url (contract media §5.3): the address is made already ($1 url).
SELECT 200 AS status, json_build_object('url', $1 ->> 'url')::text AS body
