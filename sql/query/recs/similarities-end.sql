-- Cron job similarities, last step: removes the embedding similarities of all titles that are not in the list.
-- $1: JSON array of title ids.
SELECT wanzami.lists_renew();
DELETE FROM "TitleSimilarity" s WHERE s."rationale" = 'embedding' AND s."sourceTitleId" NOT IN (
	SELECT i::bigint FROM jsonb_array_elements_text($1::jsonb) i)
