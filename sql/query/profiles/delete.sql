-- DELETE /api/user/profiles/:id (docs/compatibility.md#profile-delete): deletes a profile, but not the last one. The user's
-- row is locked, so that two deletions at once leave one profile. Returns 200 or 404.
-- $1: userId, id.
SELECT FROM "User" WHERE "id" = ($1 ->> 'userId')::bigint FOR UPDATE;
SELECT wanzami.refuse(400, 'Cannot delete the last profile') FROM "Profile" WHERE "userId" = ($1 ->> 'userId')::bigint HAVING count(*) <= 1;
DELETE FROM "DeviceProfile" d USING "Profile" p
WHERE p."id" = ($1 ->> 'id')::bigint AND p."userId" = ($1 ->> 'userId')::bigint AND d."profileId" = p."id";
WITH gone AS (
	DELETE FROM "Profile" WHERE "id" = ($1 ->> 'id')::bigint AND "userId" = ($1 ->> 'userId')::bigint RETURNING "id"
)
SELECT CASE WHEN EXISTS (SELECT FROM gone) THEN 200 ELSE 404 END AS status,
	CASE WHEN EXISTS (SELECT FROM gone) THEN '{"message":"Profile deleted"}' ELSE '{"message":"Profile not found"}' END AS body
