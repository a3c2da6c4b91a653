-- POST /api/playback/:session/beat (docs/compatibility.md#playback-sessions): records that a film is being played, and returns 200 with the
-- pause until the next beat; or 409 if the user plays on too many other devices.
-- $1: limit, play, viewerId, titleId, episodeId, device.
SELECT CASE WHEN b.ok THEN 200 ELSE 409 END AS status, CASE WHEN b.ok THEN json_build_object('nextBeatSec', 12)
	ELSE json_build_object('message', 'Too many devices are playing at the same time', 'limit', ($1 ->> 'limit')::int) END::text AS body
FROM (SELECT wanzami.playback_beat(md5($1 ->> 'play')::uuid, ($1 ->> 'viewerId')::bigint, ($1 ->> 'titleId')::bigint,
	($1 ->> 'episodeId')::bigint, $1 ->> 'device', ($1 ->> 'limit')::int) AS ok) b
