-- POST /api/auth/device-label (docs/compatibility.md#device-label): sets the label of a device, by default of the token's
-- device. Returns 200 with the label.
-- $1: deviceId, userId, deviceLimit.
-- $2: deviceId, label.
SELECT wanzami.refuse(400, 'Missing device id') WHERE coalesce($2 ->> 'deviceId', $1 ->> 'deviceId', '') = '';
SELECT wanzami.device_seen(($1 ->> 'userId')::bigint, coalesce($2 ->> 'deviceId', $1 ->> 'deviceId'), ($1 ->> 'deviceLimit')::int,
	$1 ->> 'deviceId');
UPDATE "Device" SET "label" = $2 ->> 'label'
WHERE "userId" = ($1 ->> 'userId')::bigint AND "deviceId" = coalesce($2 ->> 'deviceId', $1 ->> 'deviceId');
SELECT 200 AS status, json_build_object('message', 'Device saved', 'deviceId', coalesce($2 ->> 'deviceId', $1 ->> 'deviceId'),
	'label', $2 ->> 'label')::text AS body
