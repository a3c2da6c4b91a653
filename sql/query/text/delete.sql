-- DELETE /api/admin/text/:id (docs/compatibility.md#text-tracks): deletes a track of text; a trigger puts its object into the trash. Returns 204.
-- $1: id, userId.
SELECT wanzami.refuse(404, 'Text not found') WHERE NOT EXISTS (SELECT FROM wanzami.text_track WHERE id = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'TEXT_DELETE', $1 ->> 'id', jsonb_strip_nulls(jsonb_build_object('titleId', coalesce(t.title_id, e."titleId")::text,
	'episodeId', t.episode_id::text, 'language', t.language, 'kind', t.kind)))
FROM wanzami.text_track t LEFT JOIN "Episode" e ON e."id" = t.episode_id WHERE t.id = ($1 ->> 'id')::bigint;
DELETE FROM wanzami.text_track WHERE id = ($1 ->> 'id')::bigint;
SELECT 204 AS status, NULL AS body
