-- POST /api/admin/titles/:id/publish (docs/compatibility.md#title-publish): publishes a title and, unless publishEpisodes is
-- false, its episodes. Returns 200 with the title.
-- $1: id, userId.
-- $2: publishEpisodes.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
UPDATE "Episode" e SET "pendingReview" = false, "updatedAt" = wanzami.now() FROM "Title" t
WHERE t."id" = ($1 ->> 'id')::bigint AND t."type" = 'SERIES' AND e."titleId" = t."id"
AND wanzami.truthy(coalesce(nullif($2 -> 'publishEpisodes', 'null'), 'true'));
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'TITLE_PUBLISH', $1 ->> 'id',
	jsonb_build_object('publishEpisodes', coalesce(nullif($2 -> 'publishEpisodes', 'null'), 'true')));
UPDATE "Title" SET "archived" = false, "pendingReview" = false, "updatedAt" = wanzami.now() WHERE "id" = ($1 ->> 'id')::bigint
RETURNING 200 AS status, json_build_object('title', json_build_object('id', "id"::text, 'name', "name", 'type', "type",
	'pendingReview', "pendingReview", 'archived', "archived"))::text AS body
