-- What the appliance keeps beside the contract's tables: its own work lists in the schema "wanzami", and indexes that
-- speed up statements without changing what they answer (contract media §15.6). The existing service notices none of it.
-- Foreign keys point from our tables to the contract's, never back.

-- Mail waits here until a sender has handed it to the SMTP server. A statement that has something to announce inserts
-- its mail itself, so that both are committed or neither:
--	INSERT INTO wanzami.mail_outbox (to_address, template, vars)
--	SELECT $1, 'verify', jsonb_build_object('name', "name", 'email', $1, 'token', $2) FROM created
-- "template" names a pair of files in assets/mail, which tell the variables they want in "vars" (an absent one counts as
-- empty); a second mail with the same "dedupe_key" is refused. The sender claims a mail by moving "next_attempt_at" to
-- the end of its lease and writing its own "lease_token"; it sets "vars", which holds tokens, to NULL when the mail is
-- sent or given up.
CREATE TABLE IF NOT EXISTS wanzami.mail_outbox (
	id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	to_address TEXT NOT NULL,
	template TEXT NOT NULL,
	vars JSONB,
	dedupe_key TEXT UNIQUE,
	attempts INTEGER NOT NULL DEFAULT 0,
	next_attempt_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	lease_token TEXT,
	last_error TEXT,
	sent_at TIMESTAMPTZ,
	failed_at TIMESTAMPTZ,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	CONSTRAINT mail_outbox_vars CHECK ((vars IS NULL) = (sent_at IS NOT NULL OR failed_at IS NOT NULL))
);
CREATE INDEX IF NOT EXISTS mail_outbox_due_idx ON wanzami.mail_outbox (next_attempt_at)
	WHERE sent_at IS NULL AND failed_at IS NULL;

-- Attempts at what is worth guessing or flooding (contract people §5 item 14): how many since "started". Not worth a log
-- of its own: after a crash of the server everybody starts afresh.
CREATE UNLOGGED TABLE IF NOT EXISTS wanzami.attempt (
	key TEXT PRIMARY KEY,
	started TIMESTAMPTZ NOT NULL DEFAULT now(),
	count INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS attempt_started_idx ON wanzami.attempt (started);

-- Counts an attempt; whether it is still one of the first "most" since "period" began.
CREATE OR REPLACE FUNCTION wanzami.attempt_allowed(name text, most bigint, period interval) RETURNS boolean LANGUAGE sql AS $$
	INSERT INTO wanzami.attempt AS a (key) VALUES (name)
	ON CONFLICT (key) DO UPDATE SET
		count = CASE WHEN a.started < now() - period THEN 1 ELSE a.count + 1 END,
		started = CASE WHEN a.started < now() - period THEN now() ELSE a.started END
	RETURNING count <= most
$$;

-- What succeeded was no attempt.
CREATE OR REPLACE FUNCTION wanzami.attempt_forgive(name text) RETURNS void LANGUAGE sql AS $$
	UPDATE wanzami.attempt SET count = greatest(0, count - 1) WHERE key = name
$$;

-- One row for each upload that has to be transcoded; 0004_queue.sql has what is done with it. "number" tells the order in
-- which uploads were completed: of two for one film the later one counts. "fence" grows by one with every claim; each
-- write of a worker names the fence it was given, so one that lost its claim changes nothing.
CREATE TABLE IF NOT EXISTS wanzami.transcode_job (
	upload_job_id BIGINT PRIMARY KEY REFERENCES "UploadJob" ("id") ON DELETE CASCADE,
	number BIGINT GENERATED ALWAYS AS IDENTITY,
	state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
	renditions "Rendition"[] NOT NULL DEFAULT '{R1080,R720,R360}' CHECK (cardinality(renditions) > 0),
	attempts INTEGER NOT NULL DEFAULT 0,
	max_attempts INTEGER NOT NULL DEFAULT 3,
	run_after TIMESTAMPTZ NOT NULL DEFAULT now(),
	lease_owner TEXT,
	lease_until TIMESTAMPTZ,
	fence BIGINT NOT NULL DEFAULT 0,
	source_key TEXT NOT NULL,
	source_size BIGINT,
	progress JSONB NOT NULL DEFAULT '{}',
	error TEXT,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	CONSTRAINT transcode_job_lease CHECK ((state = 'running') = (lease_until IS NOT NULL))
);
CREATE OR REPLACE FUNCTION wanzami.fence_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'a fence only grows: % is below %', new.fence, old.fence USING ERRCODE = 'check_violation';
END $$;
CREATE OR REPLACE TRIGGER fence_grows BEFORE UPDATE OF fence ON wanzami.transcode_job
	FOR EACH ROW WHEN (new.fence < old.fence) EXECUTE FUNCTION wanzami.fence_grows();
CREATE INDEX IF NOT EXISTS transcode_job_queued_idx ON wanzami.transcode_job (run_after) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS transcode_job_running_idx ON wanzami.transcode_job (lease_until) WHERE state = 'running';

-- What HLS and DASH manifests need to know about the one file behind an asset version. "segments" is an array of
-- [first byte, length in bytes, duration in timescale units]; "init_size" counts the bytes before the first segment.
-- "job_number" is that of the upload it was made of. A row that goes, or changes its object, leaves the object to the trash.
CREATE TABLE IF NOT EXISTS wanzami.rendition (
	asset_version_id BIGINT PRIMARY KEY REFERENCES "AssetVersion" ("id") ON DELETE CASCADE,
	object_key TEXT NOT NULL,
	job_number BIGINT NOT NULL DEFAULT 0,
	size_bytes BIGINT NOT NULL,
	duration_ms BIGINT NOT NULL,
	width INTEGER,
	height INTEGER,
	frame_rate DOUBLE PRECISION,
	codecs TEXT NOT NULL,
	bandwidth BIGINT NOT NULL,
	average_bandwidth BIGINT NOT NULL,
	timescale INTEGER NOT NULL DEFAULT 1000,
	init_size BIGINT NOT NULL,
	index_offset BIGINT,
	index_size BIGINT,
	segments JSONB NOT NULL DEFAULT '[]',
	created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Objects to be removed from the store once nobody can be reading them, and multipart uploads to them that were never
-- finished. A worker enters the objects that it is going to write, with the job and the fence it has, before it writes
-- the first byte, and moves "delete_after" on as long as it lives; the transaction that publishes them takes them out
-- again. So whatever is killed when, an object has a reader or stands here. "attempts" above 0 means that the removal has
-- begun: then there is no way back.
CREATE TABLE IF NOT EXISTS wanzami.object_trash (
	key TEXT PRIMARY KEY,
	delete_after TIMESTAMPTZ NOT NULL DEFAULT now(),
	attempts INTEGER NOT NULL DEFAULT 0,
	reason TEXT NOT NULL,
	upload_job_id BIGINT,
	fence BIGINT,
	last_error TEXT,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS object_trash_due_idx ON wanzami.object_trash (delete_after);
CREATE INDEX IF NOT EXISTS object_trash_job_idx ON wanzami.object_trash (upload_job_id) WHERE upload_job_id IS NOT NULL;

-- Who may do a thing that only one process may do; "fence" grows with every change of owner.
CREATE TABLE IF NOT EXISTS wanzami.lease (
	name TEXT PRIMARY KEY,
	owner TEXT NOT NULL,
	fence BIGINT NOT NULL DEFAULT 1,
	expires_at TIMESTAMPTZ NOT NULL
);

-- Each run of a scheduled job, the last of which tells whether one was missed. "outcome" is NULL while it runs.
CREATE TABLE IF NOT EXISTS wanzami.job_run (
	id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name TEXT NOT NULL,
	started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	finished_at TIMESTAMPTZ,
	outcome TEXT CHECK (outcome IN ('ok', 'failed', 'lost')),
	detail JSONB
);
CREATE INDEX IF NOT EXISTS job_run_name_started_idx ON wanzami.job_run (name, started_at DESC);

-- Indexes on the contract's tables. The partial unique ones on "AssetVersion" are left out on purpose: the existing
-- service inserts duplicates when an upload completes and would then fail.
CREATE INDEX IF NOT EXISTS wz_event_occurred_idx ON "EngagementEvent" ("occurredAt");
CREATE INDEX IF NOT EXISTS wz_event_profile_type_idx ON "EngagementEvent" ("profileId", "eventType", "occurredAt" DESC) INCLUDE ("titleId");
CREATE INDEX IF NOT EXISTS wz_event_session_idx ON "EngagementEvent" ("sessionId") WHERE "sessionId" IS NOT NULL;
CREATE INDEX IF NOT EXISTS wz_event_episode_idx ON "EngagementEvent" ("episodeId") WHERE "episodeId" IS NOT NULL;
CREATE INDEX IF NOT EXISTS wz_episode_season_idx ON "Episode" ("seasonId");
CREATE INDEX IF NOT EXISTS wz_asset_version_episode_idx ON "AssetVersion" ("episodeId");
CREATE INDEX IF NOT EXISTS wz_upload_job_created_idx ON "UploadJob" ("createdAt" DESC);
CREATE INDEX IF NOT EXISTS wz_upload_job_open_idx ON "UploadJob" ("status") WHERE "status" IN ('UPLOADING', 'PROCESSING');
CREATE INDEX IF NOT EXISTS wz_ppv_purchase_created_idx ON "PpvPurchase" ("createdAt" DESC);
CREATE INDEX IF NOT EXISTS wz_similarity_target_idx ON "TitleSimilarity" ("targetTitleId");
CREATE INDEX IF NOT EXISTS wz_title_genres_idx ON "Title" USING gin ("genres");
CREATE INDEX IF NOT EXISTS wz_title_countries_idx ON "Title" USING gin ("countryAvailability");
