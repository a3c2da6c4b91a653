-- Checks that an account can be changed or deleted and returns its role: it exists, a SUPER_ADMIN remains, and it is not the
-- caller's own account (docs/compatibility.md#account-changes). Locks the accounts of all SUPER_ADMINs and checks the caller
-- again after that, so that two administrators who remove each other are serialised. "caller" is the request's context.
CREATE OR REPLACE FUNCTION wanzami.user_change(target bigint, caller jsonb, stays boolean) RETURNS "Role" LANGUAGE plpgsql AS $$
DECLARE
	actor bigint := (caller ->> 'userId')::bigint;
	held "Role";
BEGIN
	PERFORM FROM "User" WHERE "role" = 'SUPER_ADMIN' OR "id" = target ORDER BY "id" FOR NO KEY UPDATE;
	PERFORM wanzami.guard(actor, caller ->> 'deviceId', caller ->> 'need', caller ->> 'session', (caller ->> 'issued')::bigint);
	SELECT "role" INTO held FROM "User" WHERE "id" = target;
	IF NOT FOUND THEN
		PERFORM wanzami.refuse(404, 'User not found');
	ELSIF held = 'SUPER_ADMIN' AND NOT stays AND NOT EXISTS (SELECT FROM "User" WHERE "role" = 'SUPER_ADMIN' AND "id" <> target) THEN
		PERFORM wanzami.refuse(409, 'Cannot remove the last SUPER_ADMIN');
	ELSIF target = actor THEN
		PERFORM wanzami.refuse(400, 'You cannot change your own account');
	END IF;
	RETURN held;
END $$;
