-- POST /api/admin/email/send (docs/compatibility.md#campaign-send): queues a campaign. The first batch is due now, each
-- further one an hour later. If the list is not longer than a batch, the client has cut it itself: startIndex is then only
-- reported. Recipients who get no campaigns are left out, but keep their place. Returns 200 with the batches. A repeated request
-- queues nothing and gets the response of the first; equal requests that come at once wait for each other.
-- $1: userId, key, origin.
-- $2: subject, html, recipients, startIndex, batchSize.
SELECT pg_advisory_xact_lock(hashtextextended('campaign ' || ($1 ->> 'userId'), 0));
WITH asked_before AS MATERIALIZED (
	SELECT x.request, x.request_key, wanzami.campaign_again(x.request, x.request_key) AS answer
	FROM (SELECT wanzami.digest(jsonb_build_array($1 -> 'userId', $2 -> 'subject', $2 -> 'html', $2 -> 'recipients', $2 -> 'startIndex',
			$2 -> 'batchSize')::text) AS request,
		wanzami.digest(($1 ->> 'userId') || ' ' || ($1 ->> 'key')) AS request_key) x
), people AS MATERIALIZED (
	SELECT p.* FROM asked_before g, wanzami.recipients($2 -> 'recipients') p WHERE g.answer IS NULL
), served AS MATERIALIZED (
	SELECT * FROM people WHERE email NOT IN (SELECT b.email FROM wanzami.campaign_barred((SELECT array_agg(email) FROM people)) b)
), asked AS MATERIALIZED (
	SELECT total, start, size, CASE WHEN total <= wanted THEN 0 ELSE least(start, total) END AS first
	FROM (SELECT count(*) AS total, coalesce(($2 ->> 'startIndex')::bigint, 0) AS start, coalesce(($2 ->> 'batchSize')::bigint, 50) AS wanted,
		least(coalesce(($2 ->> 'batchSize')::bigint, 50), 50) AS size FROM people) x WHERE total > 0
), batches AS MATERIALIZED (
	SELECT k, nextval('wanzami.campaign_batch')::text AS id, a.first + k * a.size AS place, least(a.size, a.total - a.first - k * a.size) AS count
	FROM asked a, generate_series(0, (a.total - a.first + a.size - 1) / a.size - 1) k
), letters AS MATERIALIZED (
	SELECT p.*, b.k * interval '1 hour' AS delay FROM asked a JOIN served p ON p.place >= a.first JOIN batches b ON b.k = (p.place - a.first) / a.size
), told AS MATERIALIZED (
	SELECT a.start, (SELECT count(*) FROM letters) AS queued, json_build_object('message', 'Emails enqueued for delivery in hourly batches',
		'jobs', (SELECT coalesce(json_agg(json_build_object('id', b.id, 'startIndex', a.start + b.place - a.first, 'count', b.count,
			'delayMs', b.k * 3600000) ORDER BY b.k), '[]') FROM batches b),
		'queuedCount', (SELECT count(*) FROM letters), 'totalRecipients', a.total, 'startIndex', a.start, 'batchSize', a.size)::text AS body
	FROM asked a
), campaign AS (
	INSERT INTO wanzami.campaign (subject, html, origin, request, request_key, answer)
	SELECT $2 ->> 'subject', $2 ->> 'html', $1 ->> 'origin', g.request, g.request_key, t.body FROM told t, asked_before g RETURNING id
), mails AS (
	INSERT INTO wanzami.mail_outbox (to_address, template, vars, campaign_id, next_attempt_at, created_at)
	SELECT l.email, 'campaign', jsonb_strip_nulls(jsonb_build_object('email', l.email, 'name', l.name)), c.id, now() + l.delay, now() + l.delay
	FROM letters l, campaign c ORDER BY l.place
)
SELECT 200 AS status, t.body, wanzami.audit(($1 ->> 'userId')::bigint, 'EMAIL_CAMPAIGN', c.id::text, jsonb_build_object('subject', $2 -> 'subject',
	'queued', t.queued, 'startIndex', t.start))::text AS audited
FROM told t, campaign c
UNION ALL
SELECT 200, left(answer, -1) || ', "repeated" : true}', NULL FROM asked_before WHERE answer IS NOT NULL
