-- POST /api/admin/episodes/:id/text, step 2 of 2 (docs/compatibility.md#text-tracks): adds the stored file as a track of text. Returns 201 with
-- the track.
-- $1: id, urlPlaceholder, userId, key, language, query.label, query.kind.
SELECT wanzami.refuse(404, 'Episode not found') WHERE NOT EXISTS (SELECT FROM "Episode" WHERE "id" = ($1 ->> 'id')::bigint FOR NO KEY UPDATE);
SELECT 201 AS status, json_build_object('text', wanzami.text_row(t, $1 ->> 'urlPlaceholder'))::text AS body,
	wanzami.audit(($1 ->> 'userId')::bigint, 'TEXT_CREATE', t.id::text, jsonb_build_object('titleId', (SELECT "titleId"::text FROM "Episode" WHERE "id" = ($1 ->> 'id')::bigint),
		'episodeId', $1 ->> 'id', 'language', t.language, 'kind', t.kind))
FROM wanzami.text_add(NULL, ($1 ->> 'id')::bigint, $1 ->> 'key', $1 ->> 'language', $1 #>> '{query,label}', $1 #>> '{query,kind}') t
