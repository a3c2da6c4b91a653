-- GET /api/admin/titles (contract media §4.4).
SELECT 200 AS status, '{"titles":[' || coalesce(string_agg(wanzami.title_edited(t, coalesce(e.count, 0), coalesce(s.count, 0)) || '}', ','
	ORDER BY t."createdAt" DESC, t."id" DESC), '') || ']}' AS body
FROM "Title" t
LEFT JOIN (SELECT "titleId", count(*) AS count FROM "Episode" GROUP BY "titleId") e ON e."titleId" = t."id"
LEFT JOIN (SELECT "titleId", count(*) AS count FROM "Season" GROUP BY "titleId") s ON s."titleId" = t."id"
