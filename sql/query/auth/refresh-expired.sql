-- The session of a refresh token is over.
DELETE FROM "Session" WHERE "id" = ($1 ->> 'sessionId')::bigint AND "expiresAt" < wanzami.now();
SELECT 401 AS status, '{"message":"Session expired"}' AS body
