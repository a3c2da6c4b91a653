-- Returns the time since which a playback session must have been seen to count (docs/compatibility.md#playback-sessions).
CREATE OR REPLACE FUNCTION wanzami.playback_since() RETURNS timestamp LANGUAGE sql STABLE AS $$
	SELECT wanzami.now() - interval '45 seconds'
$$;
