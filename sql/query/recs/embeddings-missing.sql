-- Cron job embeddings, step 1: returns the next titles by id without an embedding of the model, or changed since.
-- $1: model.
-- $2: id after which to begin.
-- $3: rows.
SELECT t."id", left(wanzami.trim(t."name" || E'\n\n' || coalesce(t."description", '')), 8000) AS text, array_to_string(t."genres", ' ') AS genres,
	wanzami.now() AS read_at
FROM "Title" t LEFT JOIN "TitleEmbedding" e ON e."titleId" = t."id"
WHERE NOT t."archived" AND t."id" > $2::bigint AND (e."id" IS NULL OR e."model" <> $1 OR e."updatedAt" < t."updatedAt")
ORDER BY t."id" LIMIT $3::int
