-- GET /api/user/profiles (docs/compatibility.md#profile-list): the first call makes the first profile; none stays without an
-- avatar.
SELECT wanzami.profile_ensure(($1 ->> 'userId')::bigint, wanzami.avatar(), $1 ->> 'country');
UPDATE "Profile" SET "avatarUrl" = wanzami.avatar(), "updatedAt" = wanzami.now()
WHERE "userId" = ($1 ->> 'userId')::bigint AND coalesce("avatarUrl", '') = '';
SELECT 200 AS status, json_build_object('profiles', wanzami.profiles(($1 ->> 'userId')::bigint))::text AS body
