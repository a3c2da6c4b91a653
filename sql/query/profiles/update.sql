-- PATCH /api/user/profiles/:id (docs/compatibility.md#profile-update): changes the fields that are present. preferences are
-- replaced, except what the onboarding has stored. Returns 200 with the profile.
-- $1: id, userId.
-- $2: name, avatarUrl, kidMode, language, autoplay, country, birthYear, preferences.
SELECT wanzami.refuse(404, 'Profile not found') WHERE NOT EXISTS (
	SELECT FROM "Profile" WHERE "id" = ($1 ->> 'id')::bigint AND "userId" = ($1 ->> 'userId')::bigint FOR UPDATE);
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'PROFILE_UPDATE', $1 ->> 'id',
	jsonb_build_object('fields', (SELECT coalesce(json_agg(k ORDER BY n), '[]')
		FROM unnest(ARRAY['name', 'avatarUrl', 'kidMode', 'language', 'autoplay', 'country', 'birthYear', 'preferences']) WITH ORDINALITY f(k, n)
		WHERE $2 ? k)));
UPDATE "Profile" AS p SET
	"name" = coalesce($2 ->> 'name', "name"),
	"avatarUrl" = CASE WHEN $2 ->> 'avatarUrl' = '' THEN wanzami.avatar() ELSE coalesce($2 ->> 'avatarUrl', "avatarUrl") END,
	"kidMode" = coalesce(($2 ->> 'kidMode')::boolean, "kidMode"),
	"language" = coalesce($2 ->> 'language', "language"),
	"autoplay" = coalesce(($2 ->> 'autoplay')::boolean, "autoplay"),
	"country" = coalesce(upper($2 ->> 'country'), "country"),
	"birthYear" = coalesce(($2 ->> 'birthYear')::int, "birthYear"),
	"preferences" = CASE WHEN $2 ? 'preferences' THEN jsonb_strip_nulls(jsonb_build_object(
		'preferredGenres', "preferences" -> 'preferredGenres', 'heardFrom', "preferences" -> 'heardFrom')) || ($2 -> 'preferences')
		ELSE "preferences" END,
	"updatedAt" = wanzami.now()
WHERE "id" = ($1 ->> 'id')::bigint
RETURNING 200 AS status, json_build_object('profile', wanzami.profile(p))::text AS body
