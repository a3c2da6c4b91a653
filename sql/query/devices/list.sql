-- GET /api/user/devices (docs/compatibility.md#device-list): returns 200 with the user's devices, the last seen first.
-- $1: userId.
SELECT 200 AS status, json_build_object('devices', coalesce(json_agg(json_build_object(
	'id', d."id"::text, 'deviceId', d."deviceId", 'label', d."label", 'createdAt', wanzami.iso(d."createdAt"),
	'lastSeen', wanzami.iso(d."lastSeen"), 'profile', CASE WHEN p."id" IS NOT NULL THEN json_build_object('id', p."id"::text, 'name', p."name",
		'avatarUrl', p."avatarUrl", 'kidMode', p."kidMode", 'country', p."country", 'birthYear', p."birthYear") END)
	ORDER BY d."lastSeen" DESC, d."id" DESC), '[]'))::text AS body
FROM "Device" d LEFT JOIN "DeviceProfile" dp ON dp."deviceRecordId" = d."id" LEFT JOIN "Profile" p ON p."id" = dp."profileId"
WHERE d."userId" = ($1 ->> 'userId')::bigint
