-- Cron job session-cleanup (docs/compatibility.md#session-purge): removes expired sessions whose access tokens have expired
-- too; until then the session keeps such a token valid. While the device has another session, a replaced one is kept for a year, the
-- longest life of a refresh token, so that its reuse is recognised (docs/compatibility.md#refresh). Also
-- removes playback sessions that have ended. Returns the number of the former.
-- $1: lifetime of a viewer's access token (interval).
-- $2: lifetime of an administrator's access token (interval).
WITH forgotten AS (
	DELETE FROM "Session" s
	WHERE s."expiresAt" < wanzami.now() AND s."createdAt" < wanzami.now() - greatest($1::text::interval, $2::text::interval)
	AND (s."createdAt" < wanzami.now() - interval '1 year' OR NOT EXISTS (SELECT FROM "Session" x
		WHERE x."userId" = s."userId" AND x."deviceId" = s."deviceId" AND x."expiresAt" >= wanzami.now()))
	RETURNING "id"
), played AS (
	DELETE FROM wanzami.playback_session WHERE seen < wanzami.now() - interval '1 hour'
)
SELECT count(*) AS sessions FROM forgotten
