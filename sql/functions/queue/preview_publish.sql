-- Publishes the previews of a transcode job in place of the film's present ones, in the transaction of wanzami.transcode_finish(), which
-- has locked the film. "made" is the array that the worker has sent: one of its elements has "previews" with columns of wanzami.preview.
-- Previews of a later upload stay. Previews of the film before must not stay: a job without them, or whose objects are no longer
-- reserved, leaves a row without objects.
CREATE OR REPLACE FUNCTION wanzami.preview_publish(job_id bigint, made jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	u "UploadJob";
	j wanzami.transcode_job;
	p wanzami.preview;
	mine bigint;
	keys text[];
BEGIN
	SELECT * INTO STRICT u FROM "UploadJob" WHERE "id" = job_id;
	SELECT * INTO STRICT j FROM wanzami.transcode_job WHERE upload_job_id = job_id;
	p := jsonb_populate_record(NULL::wanzami.preview, (SELECT e -> 'previews' FROM jsonb_array_elements(made) e WHERE e ? 'previews' LIMIT 1));
	keys := coalesce(p.sheets || p.posters, '{}');
	PERFORM FROM wanzami.object_trash WHERE key = ANY (keys) AND upload_job_id = job_id AND fence = j.fence AND attempts = 0 FOR UPDATE;
	GET DIAGNOSTICS mine = ROW_COUNT;
	IF p IS NULL OR mine <> cardinality(keys) THEN
		p := jsonb_populate_record(NULL::wanzami.preview, '{"sheets": [], "interval_ms": 0, "columns": 0, "rows": 0, "width": 0, "height": 0,
			"count": 0, "posters": [], "markers": []}');
		keys := '{}';
	END IF;
	IF EXISTS (SELECT FROM wanzami.preview x WHERE (x.episode_id = u."episodeId" OR (u."episodeId" IS NULL AND x.title_id = u."titleId"))
		AND x.job_number > j.number) THEN
		RETURN;
	END IF;

	UPDATE wanzami.preview x SET upload_job_id = job_id, job_number = j.number, sheets = p.sheets, interval_ms = p.interval_ms,
		columns = p.columns, rows = p.rows, width = p.width, height = p.height, count = p.count, posters = p.posters,
		markers = p.markers, end_credits = p.end_credits, created_at = now()
	WHERE x.episode_id = u."episodeId" OR (u."episodeId" IS NULL AND x.title_id = u."titleId");
	IF NOT FOUND AND num_nonnulls(u."titleId", u."episodeId") > 0 THEN
		INSERT INTO wanzami.preview (title_id, episode_id, upload_job_id, job_number, sheets, interval_ms, columns, rows, width, height,
			count, posters, markers, end_credits)
		VALUES (CASE WHEN u."episodeId" IS NULL THEN u."titleId" END, u."episodeId", job_id, j.number, p.sheets, p.interval_ms, p.columns,
			p.rows, p.width, p.height, p.count, p.posters, p.markers, p.end_credits);
	END IF;
	DELETE FROM wanzami.object_trash WHERE key = ANY (keys);
END $$;
