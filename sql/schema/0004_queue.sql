-- What happens to a transcode job, as functions: each step takes several rows with it, and a claim that was lost changes
-- none of them. The worker's own steps give way to whoever holds a row for long (lock_timeout, below the server's
-- deadlock_timeout) and are tried again: deleting a title never fails because of them.

-- Whether a row with title a or episode b belongs to the film with title c or episode d; the other side is NULL (contract media §6.4).
CREATE FUNCTION wanzami.same_film(a bigint, b bigint, c bigint, d bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT b = d OR (d IS NULL AND b IS NULL AND a = c)
$$;

-- An object that nothing will refer to any more; whoever has its address from before can still play it for a day
-- (contract media TRN-7).
CREATE FUNCTION wanzami.discard(object_key text, why text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO wanzami.object_trash (key, delete_after, reason) VALUES (object_key, now() + interval '24 hours', why)
	ON CONFLICT (key) DO NOTHING
$$;

CREATE FUNCTION wanzami.rendition_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM wanzami.discard(old.object_key, CASE TG_OP WHEN 'DELETE' THEN 'deleted' ELSE 'replaced' END);
	RETURN NULL;
END $$;
CREATE TRIGGER rendition_deleted AFTER DELETE ON wanzami.rendition FOR EACH ROW EXECUTE FUNCTION wanzami.rendition_gone();
CREATE TRIGGER rendition_replaced AFTER UPDATE OF object_key ON wanzami.rendition
	FOR EACH ROW WHEN (old.object_key <> new.object_key) EXECUTE FUNCTION wanzami.rendition_gone();

-- With the title, the episode or the upload goes the film that was uploaded.
CREATE FUNCTION wanzami.source_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM wanzami.discard(old.source_key, 'deleted');
	UPDATE wanzami.object_trash SET delete_after = now() WHERE upload_job_id = old.upload_job_id AND attempts = 0;
	RETURN NULL;
END $$;
CREATE TRIGGER source_deleted AFTER DELETE ON wanzami.transcode_job FOR EACH ROW EXECUTE FUNCTION wanzami.source_gone();

-- An UploadJob ends FAILED with a sentence for people; renditions that were waiting for it are FAILED too (contract media TRN-3).
CREATE FUNCTION wanzami.upload_failed(job_id bigint, why text) RETURNS void LANGUAGE sql AS $$
	UPDATE "UploadJob" SET "status" = 'FAILED', "error" = why, "updatedAt" = now() WHERE "id" = job_id;
	UPDATE "AssetVersion" v SET "status" = 'FAILED', "updatedAt" = now()
	FROM wanzami.transcode_job j JOIN "UploadJob" u ON u."id" = j.upload_job_id
	WHERE j.upload_job_id = job_id AND v."status" IN ('PENDING', 'PROCESSING') AND v."rendition" = ANY (j.renditions)
	AND wanzami.same_film(v."titleId", v."episodeId", u."titleId", u."episodeId")
	AND (v."url" IS NULL OR v."url" LIKE '%/' || replace(replace(replace(j.source_key, '\', '\\'), '%', '\%'), '_', '\_'))
$$;

-- Puts an upload into the queue, in the transaction that makes it PROCESSING. One for the same film that asks for nothing
-- that this one does not ask for has become pointless and ends here. One that failed is begun anew.
CREATE FUNCTION wanzami.transcode_enqueue(job_id bigint, wanted "Rendition"[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	upload "UploadJob";
	older bigint;
BEGIN
	-- Locked first, as by everybody who comes from the upload to its place in the queue.
	SELECT * INTO STRICT upload FROM "UploadJob" WHERE "id" = job_id FOR NO KEY UPDATE;
	INSERT INTO wanzami.transcode_job AS j (upload_job_id, source_key, source_size, renditions)
	VALUES (job_id, upload."payload"->>'key', upload."bytesTotal", wanted)
	ON CONFLICT (upload_job_id) DO UPDATE SET state = 'queued', number = DEFAULT, attempts = 0, run_after = now(),
		fence = j.fence + 1, renditions = excluded.renditions, source_key = excluded.source_key,
		source_size = excluded.source_size, progress = '{}', error = NULL, updated_at = now()
	WHERE j.state IN ('failed', 'cancelled');

	FOR older IN
		UPDATE wanzami.transcode_job o SET state = 'cancelled', lease_owner = NULL, lease_until = NULL, fence = o.fence + 1,
			error = 'replaced by a newer upload', updated_at = now()
		FROM "UploadJob" u
		WHERE u."id" = o.upload_job_id AND o.upload_job_id <> job_id AND o.state IN ('queued', 'running') AND o.renditions <@ wanted
		AND wanzami.same_film(u."titleId", u."episodeId", upload."titleId", upload."episodeId")
		AND o.number < (SELECT number FROM wanzami.transcode_job WHERE upload_job_id = job_id)
		RETURNING o.upload_job_id
	LOOP
		UPDATE "UploadJob" SET "status" = 'FAILED', "error" = 'Replaced by a newer upload of the same film.', "updatedAt" = now()
		WHERE "id" = older;
		UPDATE wanzami.object_trash SET delete_after = now() WHERE upload_job_id = older AND attempts = 0;
	END LOOP;
END $$;

-- Ends an attempt that did not succeed: the job is queued again after a pause that doubles, or, when this was the last
-- attempt or another is pointless, it is failed for good. What was written for it is trash now. Returns the new state, NULL
-- when the claim is not ours any more.
CREATE FUNCTION wanzami.transcode_fail(job_id bigint, claim bigint, why text, again boolean, pause_ms bigint) RETURNS text
LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
	now_is text;
BEGIN
	PERFORM FROM "UploadJob" WHERE "id" = job_id FOR NO KEY UPDATE;
	UPDATE wanzami.transcode_job SET state = CASE WHEN again AND attempts < max_attempts THEN 'queued' ELSE 'failed' END,
		lease_owner = NULL, lease_until = NULL, error = why, updated_at = now(),
		run_after = now() + pause_ms * interval '1 ms' * 2 ^ greatest(attempts - 1, 0)
	WHERE upload_job_id = job_id AND fence = claim AND state = 'running'
	RETURNING state INTO now_is;
	IF now_is = 'failed' THEN
		PERFORM wanzami.upload_failed(job_id, why);
	END IF;
	IF now_is IS NOT NULL THEN
		UPDATE wanzami.object_trash SET delete_after = now() WHERE upload_job_id = job_id AND fence = claim AND attempts = 0;
	END IF;
	RETURN now_is;
END $$;

-- Takes jobs away from workers that died: those whose lease ran out, and those of `owner`, who says that it has just been
-- restarted. A database that was itself away gives everybody one lease's time to come back.
CREATE FUNCTION wanzami.transcode_reap(owner text, lease_ms bigint, pause_ms bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	j wanzami.transcode_job;
	lease interval := lease_ms * interval '1 ms';
	reaped bigint := 0;
BEGIN
	FOR j IN
		SELECT * FROM wanzami.transcode_job WHERE state = 'running'
		AND (lease_owner = owner OR (lease_until < now() AND pg_postmaster_start_time() + lease < now()))
		FOR UPDATE SKIP LOCKED
	LOOP
		PERFORM wanzami.transcode_fail(j.upload_job_id, j.fence, CASE WHEN j.lease_owner = owner
			THEN 'Processing this film broke the decoder ' ELSE 'The machine that processed this film was lost ' END
			|| CASE j.attempts WHEN 1 THEN 'once' WHEN 2 THEN 'twice' ELSE j.attempts || ' times' END
			|| '; the file may be damaged. Please export it anew and upload it again.', true, pause_ms);
		reaped := reaped + 1;
	END LOOP;
	RETURN reaped;
END $$;

-- Uploads in PROCESSING that nobody put into the queue: those of the service that was here before, whose queue is gone.
CREATE FUNCTION wanzami.transcode_adopt() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	u "UploadJob";
	wanted "Rendition"[];
	adopted bigint := 0;
BEGIN
	FOR u IN
		SELECT * FROM "UploadJob" o WHERE o."status" = 'PROCESSING'
		AND NOT EXISTS (SELECT FROM wanzami.transcode_job j WHERE j.upload_job_id = o."id")
		ORDER BY o."id" FOR UPDATE SKIP LOCKED
	LOOP
		SELECT array_agg(r) INTO wanted FROM unnest(enum_range(NULL::"Rendition")) r WHERE u."payload"->'renditions' ? r::text;
		IF coalesce(u."payload"->>'key', '') = '' THEN
			UPDATE "UploadJob" SET "status" = 'FAILED', "error" = 'Nobody knows where this upload was stored. Please upload the film again.',
				"updatedAt" = now() WHERE "id" = u."id";
		ELSE
			PERFORM wanzami.transcode_enqueue(u."id", coalesce(wanted, '{R1080,R720,R360}'));
			adopted := adopted + 1;
		END IF;
	END LOOP;
	RETURN adopted;
END $$;

-- Publishes what a claim has made, in place of what was there for the same film: `made` is an array of objects with
-- "rendition", "url" and the columns of wanzami.rendition. An upload that asked for one rendition replaces that one, any
-- other replaces them all; what a later upload has published already stays. Returns done, or lost when the claim or one of
-- the objects is not ours any more. Asked again after done, it says done.
CREATE FUNCTION wanzami.transcode_finish(job_id bigint, claim bigint, made jsonb, last jsonb DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
	u "UploadJob";
	j wanzami.transcode_job;
	r wanzami.rendition;
	e jsonb;
	mine bigint;
	asset bigint;
	kept bigint[] := '{}';
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
	-- Two uploads for one film publish one after the other.
	PERFORM FROM "Title" WHERE "id" = u."titleId" FOR NO KEY UPDATE;
	PERFORM FROM "Episode" WHERE "id" = u."episodeId" FOR NO KEY UPDATE;

	-- What the service before us has made has no row in wanzami.rendition that would remember its object.
	PERFORM wanzami.discard(regexp_replace(v."url", '^s3://[^/]*/', ''), 'replaced') FROM "AssetVersion" v
	WHERE wanzami.same_film(v."titleId", v."episodeId", u."titleId", u."episodeId") AND v."url" LIKE 's3://%/vod/%'
	AND (cardinality(j.renditions) > 1 OR v."rendition" = ANY (j.renditions))
	AND NOT EXISTS (SELECT FROM wanzami.rendition x WHERE x.asset_version_id = v."id");

	FOR e IN SELECT * FROM jsonb_array_elements(made) LOOP
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
			e || jsonb_build_object('asset_version_id', asset, 'job_number', j.number, 'created_at', now()));
		UPDATE "AssetVersion" SET "status" = 'READY', "url" = e->>'url', "sizeBytes" = r.size_bytes,
			"durationSec" = round(r.duration_ms / 1000.0), "updatedAt" = now() WHERE "id" = asset;
		INSERT INTO wanzami.rendition SELECT r.*
		ON CONFLICT (asset_version_id) DO UPDATE SET object_key = excluded.object_key, job_number = excluded.job_number,
			size_bytes = excluded.size_bytes, duration_ms = excluded.duration_ms, width = excluded.width, height = excluded.height,
			frame_rate = excluded.frame_rate, codecs = excluded.codecs, bandwidth = excluded.bandwidth,
			average_bandwidth = excluded.average_bandwidth, timescale = excluded.timescale, init_size = excluded.init_size,
			index_offset = excluded.index_offset, index_size = excluded.index_size, segments = excluded.segments,
			created_at = excluded.created_at;
		DELETE FROM wanzami.object_trash WHERE key = r.object_key;
		kept := kept || asset;
	END LOOP;

	DELETE FROM "AssetVersion" v
	WHERE wanzami.same_film(v."titleId", v."episodeId", u."titleId", u."episodeId") AND v."id" <> ALL (kept)
	AND (cardinality(j.renditions) > 1 OR v."rendition" = ANY (j.renditions))
	AND NOT EXISTS (SELECT FROM wanzami.rendition x WHERE x.asset_version_id = v."id" AND x.job_number > j.number);
	-- What a later upload had made pointless is not published.
	UPDATE wanzami.object_trash SET delete_after = now() WHERE upload_job_id = job_id AND fence = claim AND attempts = 0;

	UPDATE wanzami.transcode_job SET state = 'done', lease_owner = NULL, lease_until = NULL, error = NULL,
		progress = coalesce(last, progress), updated_at = now()
	WHERE upload_job_id = job_id;
	UPDATE "UploadJob" SET "status" = 'COMPLETED', "error" = NULL, "updatedAt" = now() WHERE "id" = job_id;
	RETURN 'done';
END $$;
