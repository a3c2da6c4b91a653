-- Transcode worker: claims the transcode job that has waited longest and increments its fencing token, which every later write
-- names. Returns no row if none is due. A process that claims works on no job: one that it holds was claimed by an earlier call
-- whose response was lost, and is claimed again; its attempt is counted already. An audio track that was added waits for films of its title or
-- episode that were uploaded before, and learns from the claim to which film it is fitted: track is its description, empty for a film.
-- $1: process.
-- $2: lease in milliseconds.
UPDATE wanzami.transcode_job j
SET state = 'running', attempts = attempts + (j.state = 'queued')::int, fence = fence + 1, lease_owner = $1, lease_until = now() + $2::bigint * interval '1 ms',
	progress = '{}', updated_at = now(), audio = wanzami.track_fit(j.upload_job_id, j.audio - '{film,frameRate,seconds,refusal}'::text[])
FROM (SELECT upload_job_id FROM wanzami.transcode_job w WHERE (state = 'queued' AND run_after <= now() AND (audio IS NULL OR NOT EXISTS (
		SELECT FROM "UploadJob" u JOIN "UploadJob" f ON wanzami.same_film(f."titleId", f."episodeId", u."titleId", u."episodeId")
		JOIN wanzami.transcode_job o ON o.upload_job_id = f."id" AND o.audio IS NULL AND o.state IN ('queued', 'running') AND o.number < w.number
		WHERE u."id" = w.upload_job_id))) OR (state = 'running' AND lease_owner = $1)
	ORDER BY state DESC, number LIMIT 1 FOR UPDATE SKIP LOCKED) due
WHERE j.upload_job_id = due.upload_job_id
RETURNING j.upload_job_id, j.fence, j.attempts, j.source_key, array_to_string(j.renditions, ',') AS renditions, coalesce(j.audio::text, '') AS track
