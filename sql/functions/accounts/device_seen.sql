-- Records that a device was used and returns its id (docs/compatibility.md#device-limit). A new device removes the least
-- recently used ones and their sessions, so that at most "most" remain; the device "keep" is never removed.
CREATE OR REPLACE FUNCTION wanzami.device_seen(user_id bigint, device text, most integer, keep text DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE device_row bigint;
BEGIN
	PERFORM FROM "User" WHERE "id" = user_id FOR UPDATE;
	UPDATE "Device" SET "lastSeen" = wanzami.now() WHERE "userId" = user_id AND "deviceId" = device RETURNING "id" INTO device_row;
	IF FOUND THEN
		RETURN device_row;
	END IF;
	WITH oldest AS (
		SELECT d."id", d."deviceId" FROM "Device" d WHERE d."userId" = user_id AND d."deviceId" IS DISTINCT FROM keep
		ORDER BY d."lastSeen", d."id"
		LIMIT greatest(0, (SELECT count(*) FROM "Device" WHERE "userId" = user_id) - most + 1)
	), sessions AS (
		DELETE FROM "Session" s USING oldest o WHERE s."userId" = user_id AND s."deviceId" = o."deviceId"
	)
	DELETE FROM "Device" d USING oldest o WHERE d."id" = o."id";
	INSERT INTO "Device" ("userId", "deviceId", "lastSeen", "createdAt") VALUES (user_id, device, wanzami.now(), wanzami.now())
	RETURNING "id" INTO device_row;
	RETURN device_row;
END $$;
