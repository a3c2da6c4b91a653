-- Cron job embeddings, step 2: stores embeddings.
-- $1: model.
-- $2: time at which the titles were read.
-- $3: JSON array of [title id, vector].
INSERT INTO "TitleEmbedding" ("titleId", "model", "embedding", "createdAt", "updatedAt")
SELECT t."id", $1, v -> 1, wanzami.now(), $2::timestamp FROM jsonb_array_elements($3::jsonb) v JOIN "Title" t ON t."id" = (v ->> 0)::bigint
ON CONFLICT ("titleId") DO UPDATE SET "model" = excluded."model", "embedding" = excluded."embedding", "updatedAt" = excluded."updatedAt"
