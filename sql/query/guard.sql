-- Runs before every statement of a guarded route (docs/compatibility.md#authorization): refuses with 401 if the
-- user or session no longer exists, and with 403 if the role lacks the permission.
-- $1: context of the request: userId, deviceId, need, session, issued.
SELECT wanzami.guard(($1::jsonb ->> 'userId')::bigint, $1::jsonb ->> 'deviceId', $1::jsonb ->> 'need',
	$1::jsonb ->> 'session', ($1::jsonb ->> 'issued')::bigint)
