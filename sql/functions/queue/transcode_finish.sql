-- Publishes the renditions of a job in place of the film's present ones. "made" is an array of objects with "rendition", "url", the
-- columns of wanzami.rendition, and in "streams" an array of objects with those of wanzami.stream; and of others with "object_key"
-- (wanzami.text_publish(), wanzami.audio_publish()); the first may have "previews" (wanzami.preview_publish()). An upload that asked for
-- one rendition replaces only that one, any other replaces them all; renditions of a later upload stay. The job of an added audio track publishes
-- that (wanzami.track_publish()). "told" are the notes on the film. Returns 'done', or 'lost' if the fencing token is stale, an object is no longer reserved or the film of a track has changed. A repeated call returns 'done' again.
CREATE OR REPLACE FUNCTION wanzami.transcode_finish(job_id bigint, claim bigint, made jsonb, last jsonb DEFAULT NULL, told jsonb DEFAULT '[]')
RETURNS text
LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
	u "UploadJob";
	j wanzami.transcode_job;
	r wanzami.rendition;
	e jsonb;
	mine bigint;
	asset bigint;
	kept bigint[] := '{}';
	gone text[];
	keys text[] := ARRAY(SELECT x->>'object_key' FROM jsonb_array_elements(made) x);
BEGIN
	SELECT * INTO u FROM "UploadJob" WHERE "id" = job_id FOR UPDATE;
	SELECT * INTO j FROM wanzami.transcode_job WHERE upload_job_id = job_id AND fence = claim FOR UPDATE;
	IF j.state = 'done' THEN
		RETURN 'done';
	END IF;
	PERFORM FROM wanzami.object_trash WHERE key = ANY (keys) AND upload_job_id = job_id AND fence = claim AND attempts = 0 FOR UPDATE;
	GET DIAGNOSTICS mine = ROW_COUNT;
	IF j.state IS DISTINCT FROM 'running' OR mine <> cardinality(keys) THEN
		RETURN 'lost';
	END IF;
	-- Serialises two uploads of the same film.
	PERFORM FROM "Title" WHERE "id" = u."titleId" FOR NO KEY UPDATE;
	PERFORM FROM "Episode" WHERE "id" = u."episodeId" FOR NO KEY UPDATE;

	IF j.audio IS NOT NULL THEN
		IF NOT wanzami.track_publish(job_id, made) THEN
			RETURN 'lost';
		END IF;
		PERFORM wanzami.transcode_done(job_id, last, told);
		RETURN 'done';
	END IF;

	-- Renditions of the Node service have no row in wanzami.rendition whose trigger would discard their object.
	PERFORM wanzami.discard(regexp_replace(v."url", '^s3://[^/]*/', ''), 'replaced') FROM "AssetVersion" v
	WHERE wanzami.same_film(v."titleId", v."episodeId", u."titleId", u."episodeId") AND v."url" LIKE 's3://%/vod/%'
	AND (cardinality(j.renditions) > 1 OR v."rendition" = ANY (j.renditions))
	AND NOT EXISTS (SELECT FROM wanzami.rendition x WHERE x.asset_version_id = v."id");

	FOR e IN SELECT x FROM jsonb_array_elements(made) x WHERE x ? 'rendition' LOOP
		CONTINUE WHEN EXISTS (SELECT FROM "AssetVersion" v JOIN wanzami.rendition x ON x.asset_version_id = v."id"
			WHERE wanzami.same_film(v."titleId", v."episodeId", u."titleId", u."episodeId")
			AND v."rendition" = (e->>'rendition')::"Rendition" AND x.job_number > j.number);
		SELECT v."id" INTO asset FROM "AssetVersion" v
		WHERE wanzami.same_film(v."titleId", v."episodeId", u."titleId", u."episodeId") AND v."rendition" = (e->>'rendition')::"Rendition"
		ORDER BY v."status" = 'READY' DESC, v."updatedAt" DESC, v."id" DESC LIMIT 1 FOR UPDATE;
		IF asset IS NULL THEN
			INSERT INTO "AssetVersion" ("titleId", "episodeId", "rendition", "updatedAt")
			VALUES (u."titleId", u."episodeId", (e->>'rendition')::"Rendition", now()) RETURNING "id" INTO asset;
		END IF;
		r := jsonb_populate_record(NULL::wanzami.rendition,
			'{"timescale":1000,"init_size":0,"segments":[]}' || e ||
			jsonb_build_object('asset_version_id', asset, 'job_number', j.number, 'created_at', now()));
		UPDATE "AssetVersion" SET "status" = 'READY', "url" = e->>'url', "sizeBytes" = r.size_bytes,
			"durationSec" = round(r.duration_ms / 1000.0), "updatedAt" = now() WHERE "id" = asset;
		INSERT INTO wanzami.rendition SELECT r.*
		ON CONFLICT (asset_version_id) DO UPDATE SET object_key = excluded.object_key, job_number = excluded.job_number,
			size_bytes = excluded.size_bytes, duration_ms = excluded.duration_ms, width = excluded.width, height = excluded.height,
			frame_rate = excluded.frame_rate, codecs = excluded.codecs, bandwidth = excluded.bandwidth,
			average_bandwidth = excluded.average_bandwidth, timescale = excluded.timescale, init_size = excluded.init_size,
			index_offset = excluded.index_offset, index_size = excluded.index_size, segments = excluded.segments,
			created_at = excluded.created_at;
		DELETE FROM wanzami.stream WHERE asset_version_id = asset;
		INSERT INTO wanzami.stream SELECT s.* FROM jsonb_array_elements(nullif(e->'streams', 'null')) x, jsonb_populate_record(NULL::wanzami.stream,
			x || jsonb_build_object('asset_version_id', asset, 'object_key', r.object_key)) s;
		DELETE FROM wanzami.object_trash WHERE key = r.object_key;
		kept := kept || asset;
	END LOOP;

	WITH deleted AS (
		DELETE FROM "AssetVersion" v
		WHERE wanzami.same_film(v."titleId", v."episodeId", u."titleId", u."episodeId") AND v."id" <> ALL (kept)
		AND (cardinality(j.renditions) > 1 OR v."rendition" = ANY (j.renditions))
		AND NOT EXISTS (SELECT FROM wanzami.rendition x WHERE x.asset_version_id = v."id" AND x.job_number > j.number)
		RETURNING v."id"
	)
	SELECT array_agg(x.object_key) INTO gone FROM deleted d JOIN wanzami.rendition x ON x.asset_version_id = d."id";
	-- The trigger has put their objects into the trash as deleted, but they are replaced by this upload.
	PERFORM wanzami.discard(key, 'replaced') FROM unnest(gone) key;
	PERFORM wanzami.text_publish(job_id, made);
	PERFORM wanzami.audio_publish(job_id, made);
	PERFORM wanzami.preview_publish(job_id, made);
	-- Releases the objects that are not published because a later upload has replaced them.
	UPDATE wanzami.object_trash SET delete_after = now() WHERE upload_job_id = job_id AND fence = claim AND attempts = 0;

	PERFORM wanzami.transcode_done(job_id, last, told);
	RETURN 'done';
END $$;
