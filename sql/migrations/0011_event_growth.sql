-- Events of what is deleted, and counts of events (docs/database.md#events).

-- Rows whose events still name them, or for "erase" are to be deleted. Triggers of the four tables add them; the cron job event-cleanup
-- works through them. "kind" is the column of "EngagementEvent".
CREATE TABLE wanzami.event_unlink (
	kind TEXT NOT NULL CHECK (kind IN ('titleId', 'episodeId', 'profileId', 'sessionId')),
	id BIGINT NOT NULL,
	erase BOOLEAN NOT NULL DEFAULT false,
	marked_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	PRIMARY KEY (kind, id)
);

-- The number of events by hour of "occurredAt" and type, kept by triggers of "EngagementEvent". The count is the sum over all shards: each
-- connection adds to its own, so that they do not wait for each other; event-cleanup adds past hours to shard 0.
CREATE TABLE wanzami.event_hour (
	hour TIMESTAMP NOT NULL,
	type "EventType" NOT NULL,
	shard SMALLINT NOT NULL,
	n BIGINT NOT NULL,
	PRIMARY KEY (hour, type, shard)
) WITH (fillfactor = 50);

-- One row: the events up to this id are not in wanzami.event_hour yet. event-cleanup counts them, the newest first.
CREATE TABLE wanzami.event_uncounted (
	upto BIGINT NOT NULL
);

-- Up to which event a cron job that computes something for each profile has read: those after it are new. "basis" is whatever else its
-- results depend on.
CREATE TABLE wanzami.event_mark (
	job TEXT PRIMARY KEY,
	basis TEXT NOT NULL,
	event_id BIGINT NOT NULL
);

-- The foreign keys of events set the reference of each event to NULL in the transaction that deletes a title, which takes minutes if it has
-- been watched much. All locks are taken at once, with short waits. They also hold off writers until the triggers that count exist, at the end
-- of this transaction: each event is either below "upto" or counted by a trigger.
DO $$
DECLARE
	wait text := current_setting('lock_timeout');
	key record;
BEGIN
	PERFORM set_config('lock_timeout', '100ms', true);
	LOCK TABLE "EngagementEvent", "Title", "Episode", "Profile", "Session" IN ACCESS EXCLUSIVE MODE;
	PERFORM set_config('lock_timeout', wait, true);
	FOR key IN SELECT conname FROM pg_constraint WHERE conrelid = '"EngagementEvent"'::regclass AND contype = 'f' LOOP
		EXECUTE format('ALTER TABLE "EngagementEvent" DROP CONSTRAINT %I', key.conname);
	END LOOP;
	INSERT INTO wanzami.event_uncounted SELECT coalesce(max("id"), 0) FROM "EngagementEvent";
END $$;

-- The titles that a profile has watched or liked, the newest first, and the time of the newest event of each; kept by the cron job
-- similarities. "oldest" is the earliest of these times.
CREATE TABLE wanzami.basket (
	profile_id BIGINT PRIMARY KEY REFERENCES "Profile" ON DELETE CASCADE,
	titles BIGINT[] NOT NULL,
	latest TIMESTAMP[] NOT NULL,
	oldest TIMESTAMP NOT NULL
);
