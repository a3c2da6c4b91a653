-- POST /api/admin/ppv/users/:id/reset (docs/compatibility.md#strikes): removes the strikes and the bar of an account.
-- Returns 200 with the user.
-- $1: id, userId.
SELECT wanzami.refuse(404, 'User not found') WHERE NOT EXISTS (SELECT FROM "User" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'PPV_RESET', $1 ->> 'id', (SELECT jsonb_build_object('strikes', "ppvStrikeCount", 'banned', "ppvBanned")
	FROM "User" WHERE "id" = ($1 ->> 'id')::bigint));
UPDATE "User" SET "ppvStrikeCount" = 0, "ppvLastStrikeAt" = NULL, "ppvBanned" = false, "updatedAt" = wanzami.now() WHERE "id" = ($1 ->> 'id')::bigint
RETURNING 200 AS status, json_build_object('user', json_build_object('id', "id"::text, 'email', "email", 'ppvBanned', "ppvBanned",
	'ppvStrikeCount', "ppvStrikeCount"))::text AS body
