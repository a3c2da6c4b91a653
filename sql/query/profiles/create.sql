-- POST /api/user/profiles (docs/compatibility.md#profile-create): creates a profile, at most four for a user. Returns 201
-- with the profile.
-- $1: userId, country.
-- $2: name, avatarUrl, kidMode, language, autoplay, country, birthYear, preferences.
SELECT FROM "User" WHERE "id" = ($1 ->> 'userId')::bigint FOR UPDATE;
SELECT wanzami.refuse(400, 'Profile limit reached') FROM "Profile" WHERE "userId" = ($1 ->> 'userId')::bigint HAVING count(*) >= 4;
INSERT INTO "Profile" AS p ("userId", "name", "avatarUrl", "kidMode", "language", "autoplay", "country", "birthYear", "preferences",
	"createdAt", "updatedAt")
VALUES (($1 ->> 'userId')::bigint, $2 ->> 'name', coalesce(nullif($2 ->> 'avatarUrl', ''), wanzami.avatar()),
	coalesce(($2 ->> 'kidMode')::boolean, false), coalesce($2 ->> 'language', 'en'), coalesce(($2 ->> 'autoplay')::boolean, true),
	coalesce(upper($2 ->> 'country'), $1 ->> 'country'), ($2 ->> 'birthYear')::int, $2 -> 'preferences', wanzami.now(), wanzami.now())
RETURNING 201 AS status, json_build_object('profile', wanzami.profile(p))::text AS body
