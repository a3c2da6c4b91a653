-- Returns true if the title is of the type and in the state that the query parameters name (docs/compatibility.md#title-list). A single expression
-- without a subquery, so that the planner inlines it.
CREATE OR REPLACE FUNCTION wanzami.title_sifted(t "Title", query jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT coalesce(t."type"::text = query ->> 'type', true) AND CASE query ->> 'state'
		WHEN 'draft' THEN t."archived" AND t."pendingReview"
		WHEN 'pending' THEN t."pendingReview" AND NOT t."archived"
		WHEN 'archived' THEN t."archived" AND NOT t."pendingReview"
		WHEN 'published' THEN NOT (t."archived" OR t."pendingReview")
		WHEN 'empty' THEN NOT (t."archived" OR t."pendingReview") AND wanzami.title_empty(t)
		ELSE true END
$$;
