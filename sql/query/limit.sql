-- In front of routes that are worth guessing at or flooding (contract people §5 item 14; README 10): ten attempts in a
-- quarter of an hour for each account, six hundred a minute for each address, since all viewers come through one proxy.
DELETE FROM wanzami.attempt WHERE started < now() - interval '1 day';
SELECT wanzami.attempt_allowed('address:' || ($1 ->> 'address'), 600 * ($1 ->> 'limitScale')::int, interval '1 minute')
	AND wanzami.attempt_allowed(($1 ->> 'limit') || ':' || lower($2 ->> 'email'), 10 * ($1 ->> 'limitScale')::int, interval '15 minutes')
	AS allowed
