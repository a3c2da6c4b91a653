-- Films that are being played (docs/compatibility.md#playback-sessions). Unlogged: a crash of the database loses the rows, which the next
-- beats write again. seen changes with each beat and is in no index, so that updates stay in the page.
CREATE UNLOGGED TABLE wanzami.playback_session (
	session UUID PRIMARY KEY,
	user_id BIGINT REFERENCES "User" ON DELETE CASCADE,	-- NULL: a guest
	profile_id BIGINT,
	title_id BIGINT,
	episode_id BIGINT,
	device TEXT,						-- wanzami.playback_device(); NULL: unknown
	by_event BOOLEAN NOT NULL DEFAULT false,		-- known from events of an app, which are never refused
	started TIMESTAMP(3) NOT NULL,
	seen TIMESTAMP(3) NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX playback_session_user ON wanzami.playback_session (user_id);
