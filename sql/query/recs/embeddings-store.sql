-- Keeps vectors of model $1 for titles as they were at $2; $3 is an array of [title, vector].
INSERT INTO "TitleEmbedding" ("titleId", "model", "embedding", "createdAt", "updatedAt")
SELECT t."id", $1, v -> 1, wanzami.now(), $2::timestamp FROM jsonb_array_elements($3::jsonb) v JOIN "Title" t ON t."id" = (v ->> 0)::bigint
ON CONFLICT ("titleId") DO UPDATE SET "model" = excluded."model", "embedding" = excluded."embedding", "updatedAt" = excluded."updatedAt"
