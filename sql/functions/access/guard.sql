-- Ends the request with 401 or 403 unless the user and the session still exist and the current role has what the route needs:
-- 'user', 'admin', a permission, or the role SUPER_ADMIN (docs/compatibility.md#authorization). The permission to manage
-- includes the one to view: the roles of the Node service list only the former.
CREATE OR REPLACE FUNCTION wanzami.guard(user_id bigint, device text, need text, session text DEFAULT NULL,
	issued bigint DEFAULT NULL) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE held "Role";
BEGIN
	SELECT u."role" INTO held FROM "User" u
	WHERE u."id" = user_id AND wanzami.session_stands(user_id, device, session, issued);
	IF NOT FOUND THEN
		PERFORM wanzami.refuse(401, 'Invalid or expired token');
	ELSIF need <> 'user' AND held = 'USER' THEN
		PERFORM wanzami.refuse(403, 'Admin role required');
	ELSIF (need LIKE '%:%' AND NOT wanzami.permissions(held) && ARRAY[need, replace(need, ':view', ':manage')])
		OR (need = 'SUPER_ADMIN' AND held <> 'SUPER_ADMIN') THEN
		PERFORM wanzami.refuse(403, 'Insufficient permissions');
	END IF;
END $$;
