-- Cron job similarities, steps 5 and 8: removes the similarities of one kind of all titles that are not in the list.
-- $1: JSON array of title ids.
-- $2: rationale.
SELECT wanzami.lists_renew();
DELETE FROM "TitleSimilarity" s WHERE s."rationale" = $2 AND s."sourceTitleId" NOT IN (
	SELECT i::bigint FROM jsonb_array_elements_text($1::jsonb) i)
