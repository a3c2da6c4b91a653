-- In front of every statement of a guarded route: the caller's user, session and role must still stand (contract people
-- §2.6, §5 items 3 and 7). Ends the request with 401 or 403 otherwise.
SELECT wanzami.guard(($1::jsonb ->> 'userId')::bigint, $1::jsonb ->> 'deviceId', $1::jsonb ->> 'need')
