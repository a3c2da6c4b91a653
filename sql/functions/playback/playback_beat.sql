-- Records a beat of a playback session. Returns false if the session is new, or has not been seen for a while, and the user plays on `most`
-- other devices already; 0 is no limit. A session that counts goes on, and so does a device that has one. New sessions of a user are
-- counted one after the other.
CREATE OR REPLACE FUNCTION wanzami.playback_beat(play uuid, viewer bigint, title bigint, episode bigint, on_device text, most integer)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	last timestamp := (SELECT s.seen FROM wanzami.playback_session s WHERE s.session = play);
BEGIN
	IF last > wanzami.playback_since() THEN
		-- A few seconds do not matter and save writes.
		IF last < wanzami.now() - interval '5 seconds' THEN
			UPDATE wanzami.playback_session s SET seen = wanzami.now() WHERE s.session = play;
		END IF;
		RETURN true;
	END IF;
	IF most > 0 AND viewer IS NOT NULL THEN
		PERFORM pg_advisory_xact_lock(hashtextextended('wanzami.playback ' || viewer, 0));
		IF NOT EXISTS (SELECT FROM wanzami.playback_session s
			WHERE s.user_id = viewer AND s.device = on_device AND NOT s.by_event AND s.seen > wanzami.playback_since())
		AND (SELECT count(DISTINCT coalesce(s.device, s.session::text)) FROM wanzami.playback_session s
			WHERE s.user_id = viewer AND s.seen > wanzami.playback_since() AND s.session <> play AND (s.device = on_device) IS NOT TRUE) >= most THEN
			RETURN false;
		END IF;
	END IF;
	INSERT INTO wanzami.playback_session (session, user_id, title_id, episode_id, device, started, seen)
	SELECT play, viewer, title, episode, on_device, wanzami.now(), wanzami.now()
	WHERE viewer IS NULL OR EXISTS (SELECT FROM "User" u WHERE u."id" = viewer)
	ON CONFLICT (session) DO UPDATE SET started = excluded.started, seen = excluded.seen;
	RETURN true;
END $$;
