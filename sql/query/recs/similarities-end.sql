-- Forgets which texts are alike for titles that are not in an array of ids, the parameter.
SELECT wanzami.lists_renew();
DELETE FROM "TitleSimilarity" s WHERE s."rationale" = 'embedding' AND s."sourceTitleId" NOT IN (
	SELECT i::bigint FROM jsonb_array_elements_text($1::jsonb) i)
