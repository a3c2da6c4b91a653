-- Cron job session-cleanup (docs/compatibility.md#session-purge): removes expired sessions whose access tokens have expired
-- too; until then the session keeps such a token valid. Returns their number.
-- $1: lifetime of a viewer's access token (interval).
-- $2: lifetime of an administrator's access token (interval).
WITH forgotten AS (
	DELETE FROM "Session"
	WHERE "expiresAt" < wanzami.now() AND "createdAt" < wanzami.now() - greatest($1::text::interval, $2::text::interval)
	RETURNING "id"
)
SELECT count(*) AS sessions FROM forgotten
