-- Cron job similarities, step 7: replaces the embedding similarities of some titles. Co-watch similarities stay.
-- $1: JSON array of [title id, [[other title id, score], …]].
DELETE FROM "TitleSimilarity" s USING jsonb_array_elements($1::jsonb) v
WHERE s."sourceTitleId" = (v ->> 0)::bigint AND s."rationale" = 'embedding'
AND NOT EXISTS (SELECT FROM jsonb_array_elements(v -> 1) x WHERE (x ->> 0)::bigint = s."targetTitleId");
INSERT INTO "TitleSimilarity" AS s ("sourceTitleId", "targetTitleId", "score", "rationale", "createdAt")
SELECT t."id", y."id", (x ->> 1)::double precision, 'embedding', wanzami.now()
FROM jsonb_array_elements($1::jsonb) v JOIN "Title" t ON t."id" = (v ->> 0)::bigint, jsonb_array_elements(v -> 1) x
JOIN "Title" y ON y."id" = (x ->> 0)::bigint
ON CONFLICT ("sourceTitleId", "targetTitleId") DO UPDATE SET "score" = excluded."score"
WHERE s."rationale" = 'embedding' AND s."score" <> excluded."score"
