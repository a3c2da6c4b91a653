-- In front of every statement of a guarded route: the caller's user, session and role must still stand
-- (docs/compatibility.md#authorization). Ends the request with 401 or 403 otherwise.
SELECT wanzami.guard(($1::jsonb ->> 'userId')::bigint, $1::jsonb ->> 'deviceId', $1::jsonb ->> 'need')
