-- GET /api/user/profiles (docs/compatibility.md#profile-list): returns 200 with the user's profiles. Creates the first one
-- and adds missing avatars.
-- $1: userId, country.
SELECT wanzami.profile_ensure(($1 ->> 'userId')::bigint, wanzami.avatar(), $1 ->> 'country');
UPDATE "Profile" SET "avatarUrl" = wanzami.avatar(), "updatedAt" = wanzami.now()
WHERE "userId" = ($1 ->> 'userId')::bigint AND coalesce("avatarUrl", '') = '';
SELECT 200 AS status, json_build_object('profiles', wanzami.profiles(($1 ->> 'userId')::bigint))::text AS body
