-- Returns an upload with the state of its transcode job, as the console and the timeline of a title show it.
CREATE OR REPLACE FUNCTION wanzami.upload_shown(j "UploadJob") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT row_to_json(r) FROM (
		SELECT j."id"::text AS "id", j."status", j."payload" ->> 'fileName' AS "fileName", j."bytesUploaded", j."bytesTotal", j."error",
			t."id"::text AS "titleId", t."name" AS "titleName", e."id"::text AS "episodeId", e."name" AS "episodeName", NOT (t."archived" OR t."pendingReview") AS "published",
			w.state, w.attempts, w.max_attempts AS "maxAttempts", w.error AS "attemptError",
			CASE WHEN w.state = 'queued' THEN wanzami.iso(w.run_after AT TIME ZONE 'UTC') END AS "nextAttemptAt",
			j."payload" -> 'audio' AS "audio", coalesce(w.notes, '[]') AS "notes", w.progress -> 'percent' AS "percent",
			(SELECT coalesce(json_object_agg(p ->> 'rendition', p -> 'percent'), '{}') FROM jsonb_array_elements(w.progress -> 'renditions') p) AS "renditions",
			wanzami.iso(j."createdAt") AS "createdAt", wanzami.iso(j."updatedAt") AS "updatedAt"
		FROM (SELECT) one LEFT JOIN "Episode" e ON e."id" = j."episodeId" LEFT JOIN "Title" t ON t."id" = coalesce(j."titleId", e."titleId")
			LEFT JOIN wanzami.transcode_job w ON w.upload_job_id = j."id") r
$$;
