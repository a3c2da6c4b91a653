-- DELETE /api/admin/audio/:id (docs/compatibility.md#audio-tracks): removes an added audio track, named by its upload; a trigger puts its objects into
-- the trash. Returns 204.
-- $1: id, userId.
SELECT wanzami.refuse(404, 'Audio track not found') WHERE NOT EXISTS (SELECT FROM wanzami.stream WHERE upload_job_id = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'AUDIO_DELETE', $1 ->> 'id', jsonb_strip_nulls(jsonb_build_object('titleId', coalesce(s.title_id, e."titleId")::text,
	'episodeId', s.episode_id::text, 'language', s.language, 'kind', s.purpose)))
FROM (SELECT DISTINCT title_id, episode_id, language, purpose FROM wanzami.stream WHERE upload_job_id = ($1 ->> 'id')::bigint) s
LEFT JOIN "Episode" e ON e."id" = s.episode_id;
DELETE FROM wanzami.stream WHERE upload_job_id = ($1 ->> 'id')::bigint;
SELECT 204 AS status, NULL AS body
