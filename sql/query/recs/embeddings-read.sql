-- Cron job similarities, step 6: returns the embeddings of the titles that may be shown, newest first, of the most frequent
-- model, and the number of co-watch similarities of each.
-- $1: rows.
SELECT t."id", e."embedding"::text AS vector, (SELECT count(*) FROM "TitleSimilarity" s WHERE s."sourceTitleId" = t."id" AND s."rationale" = 'co_watch') AS known
FROM "TitleEmbedding" e JOIN "Title" t ON t."id" = e."titleId"
WHERE NOT t."archived" AND NOT t."pendingReview"
AND e."model" = (SELECT m."model" FROM "TitleEmbedding" m GROUP BY m."model" ORDER BY count(*) DESC, m."model" LIMIT 1)
ORDER BY t."releaseDate" DESC NULLS LAST, t."id" DESC LIMIT $1::int
