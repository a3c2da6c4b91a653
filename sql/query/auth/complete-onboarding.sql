-- POST /api/auth/complete-onboarding (docs/compatibility.md#onboarding): stores the answers in the user's oldest profile.
-- Returns 200.
-- $1: userId.
-- $2: preferredGenres, heardFrom, birthYear.
SELECT wanzami.profile_ensure(($1 ->> 'userId')::bigint, NULL, NULL);
UPDATE "Profile" SET
	"preferences" = coalesce("preferences", '{}') || jsonb_strip_nulls(jsonb_build_object(
		'preferredGenres', $2 -> 'preferredGenres', 'heardFrom', $2 -> 'heardFrom')),
	"birthYear" = coalesce(($2 ->> 'birthYear')::int, "birthYear"), "updatedAt" = wanzami.now()
WHERE "id" = (SELECT "id" FROM "Profile" WHERE "userId" = ($1 ->> 'userId')::bigint ORDER BY "createdAt", "id" LIMIT 1);
SELECT 200 AS status, '{"ok":true}' AS body
