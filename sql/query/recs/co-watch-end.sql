-- Cron job similarities, step 5: removes the co-watch similarities of all titles that are not in the list.
-- $1: JSON array of title ids.
SELECT wanzami.lists_renew();
DELETE FROM "TitleSimilarity" s WHERE s."rationale" = 'co_watch' AND s."sourceTitleId" NOT IN (
	SELECT i::bigint FROM jsonb_array_elements_text($1::jsonb) i)
