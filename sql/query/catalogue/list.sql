-- GET /api/admin/titles (contract media §4.4).
SELECT 200 AS status, '{"titles":[' || coalesce(string_agg(wanzami.title_edited(t) || '}', ',' ORDER BY t."createdAt" DESC, t."id" DESC), '') || ']}' AS body
FROM "Title" t
