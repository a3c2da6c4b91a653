-- POST /api/user/devices/:deviceId/profile (docs/compatibility.md#device-profile): assigns a profile to a device. Returns
-- 200 with the device.
-- $1: userId, id, deviceLimit, deviceId.
-- $2: profileId.
SELECT wanzami.refuse(404, 'Profile not found') WHERE NOT EXISTS (
	SELECT FROM "Profile" WHERE "id" = ($2 ->> 'profileId')::bigint AND "userId" = ($1 ->> 'userId')::bigint);
INSERT INTO "DeviceProfile" AS d ("userId", "deviceRecordId", "profileId", "lastUsedAt")
SELECT ($1 ->> 'userId')::bigint, wanzami.device_seen(($1 ->> 'userId')::bigint, $1 ->> 'id', ($1 ->> 'deviceLimit')::int, $1 ->> 'deviceId'),
	($2 ->> 'profileId')::bigint, wanzami.now()
ON CONFLICT ("deviceRecordId") DO UPDATE SET "profileId" = excluded."profileId", "lastUsedAt" = excluded."lastUsedAt";
SELECT 200 AS status, json_build_object('device', json_build_object('id', d."id"::text, 'deviceId', d."deviceId", 'label', d."label",
	'profile', json_build_object('id', p."id"::text, 'name', p."name", 'avatarUrl', p."avatarUrl", 'kidMode', p."kidMode",
		'country', p."country", 'birthYear', p."birthYear")))::text AS body
FROM "Device" d, "Profile" p
WHERE d."userId" = ($1 ->> 'userId')::bigint AND d."deviceId" = $1 ->> 'id' AND p."id" = ($2 ->> 'profileId')::bigint
