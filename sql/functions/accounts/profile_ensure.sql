-- Creates the first profile of a user who has none. Concurrent calls create only one (docs/compatibility.md#first-profile).
CREATE OR REPLACE FUNCTION wanzami.profile_ensure(user_id bigint, avatar text, country text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM "Profile" WHERE "userId" = user_id) THEN
		RETURN;
	END IF;
	PERFORM FROM "User" WHERE "id" = user_id FOR UPDATE;
	IF FOUND AND NOT EXISTS (SELECT FROM "Profile" WHERE "userId" = user_id) THEN
		INSERT INTO "Profile" ("userId", "name", "avatarUrl", "country", "updatedAt", "createdAt")
		VALUES (user_id, 'Primary', avatar, coalesce(country, 'UNKNOWN'), wanzami.now(), wanzami.now());
	END IF;
END $$;
