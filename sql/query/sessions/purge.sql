-- Sessions that have expired, and whose access tokens ($1 and $2: how long the two kinds live) have too: as long as one of them may be
-- shown, its session is what makes it good (docs/compatibility.md#session-purge).
WITH forgotten AS (
	DELETE FROM "Session"
	WHERE "expiresAt" < wanzami.now() AND "createdAt" < wanzami.now() - greatest($1::text::interval, $2::text::interval)
	RETURNING "id"
)
SELECT count(*) AS sessions FROM forgotten
