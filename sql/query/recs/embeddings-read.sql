-- The vectors of the titles that may be shown, newest first, all of the model that most of them have, and how many titles each
-- is known to be watched with.
SELECT t."id", e."embedding"::text AS vector, (SELECT count(*) FROM "TitleSimilarity" s WHERE s."sourceTitleId" = t."id" AND s."rationale" = 'co_watch') AS known
FROM "TitleEmbedding" e JOIN "Title" t ON t."id" = e."titleId"
WHERE NOT t."archived" AND NOT t."pendingReview"
AND e."model" = (SELECT m."model" FROM "TitleEmbedding" m GROUP BY m."model" ORDER BY count(*) DESC, m."model" LIMIT 1)
ORDER BY t."releaseDate" DESC NULLS LAST, t."id" DESC LIMIT $1::int
