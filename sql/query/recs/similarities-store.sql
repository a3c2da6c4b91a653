-- Cron job similarities, steps 4 and 7: replaces the similarities of one kind of some titles. Rows that stay as they are are not written.
-- Where both kinds have found the same two titles, co-watch similarity stays.
-- $1: JSON array of [title id, [[other title id, score], …]].
-- $2: rationale.
DELETE FROM "TitleSimilarity" s USING jsonb_array_elements($1::jsonb) v
WHERE s."sourceTitleId" = (v ->> 0)::bigint AND s."rationale" = $2
AND NOT EXISTS (SELECT FROM jsonb_array_elements(v -> 1) x WHERE (x ->> 0)::bigint = s."targetTitleId");
INSERT INTO "TitleSimilarity" AS s ("sourceTitleId", "targetTitleId", "score", "rationale", "createdAt")
SELECT t."id", y."id", (x ->> 1)::double precision, $2, wanzami.now()
FROM jsonb_array_elements($1::jsonb) v JOIN "Title" t ON t."id" = (v ->> 0)::bigint, jsonb_array_elements(v -> 1) x
JOIN "Title" y ON y."id" = (x ->> 0)::bigint
ON CONFLICT ("sourceTitleId", "targetTitleId") DO UPDATE SET "score" = excluded."score", "rationale" = excluded."rationale",
	"createdAt" = CASE excluded."rationale" WHEN 'co_watch' THEN excluded."createdAt" ELSE s."createdAt" END
WHERE (s."rationale" = excluded."rationale" AND s."score" <> excluded."score")
	OR (s."rationale" <> excluded."rationale" AND excluded."rationale" = 'co_watch')
