-- POST /api/admin/email/send (docs/compatibility.md#campaign-send): queues a campaign. The first batch is due now, each
-- further one an hour later. If the list is not longer than a batch, the client has cut it itself: startIndex is then only
-- reported. Recipients who get no campaigns are left out, but keep their place. Returns 200 with the batches.
-- $1: origin, userId.
-- $2: recipients, startIndex, batchSize, subject, html.
WITH people AS MATERIALIZED (
	SELECT * FROM wanzami.recipients($2 -> 'recipients')
), served AS MATERIALIZED (
	SELECT * FROM people WHERE email NOT IN (SELECT b.email FROM wanzami.campaign_barred((SELECT array_agg(email) FROM people)) b)
), asked AS MATERIALIZED (
	SELECT total, start, size, CASE WHEN total <= wanted THEN 0 ELSE least(start, total) END AS first
	FROM (SELECT count(*) AS total, coalesce(($2 ->> 'startIndex')::bigint, 0) AS start, coalesce(($2 ->> 'batchSize')::bigint, 50) AS wanted,
		least(coalesce(($2 ->> 'batchSize')::bigint, 50), 50) AS size FROM people) x
), batches AS MATERIALIZED (
	SELECT k, nextval('wanzami.campaign_batch')::text AS id, a.first + k * a.size AS place, least(a.size, a.total - a.first - k * a.size) AS count
	FROM asked a, generate_series(0, (a.total - a.first + a.size - 1) / a.size - 1) k
), campaign AS (
	INSERT INTO wanzami.campaign (subject, html, origin) VALUES ($2 ->> 'subject', $2 ->> 'html', $1 ->> 'origin') RETURNING id
), mails AS (
	INSERT INTO wanzami.mail_outbox (to_address, template, vars, campaign_id, next_attempt_at, created_at)
	SELECT p.email, 'campaign', jsonb_strip_nulls(jsonb_build_object('email', p.email, 'name', p.name)), c.id,
		now() + b.k * interval '1 hour', now() + b.k * interval '1 hour'
	FROM asked a JOIN served p ON p.place >= a.first JOIN batches b ON b.k = (p.place - a.first) / a.size, campaign c ORDER BY p.place
	RETURNING id
)
SELECT 200 AS status, json_build_object('message', 'Emails enqueued for delivery in hourly batches',
	'jobs', (SELECT coalesce(json_agg(json_build_object('id', b.id, 'startIndex', a.start + b.place - a.first, 'count', b.count,
		'delayMs', b.k * 3600000) ORDER BY b.k), '[]') FROM batches b),
	'queuedCount', (SELECT count(*) FROM mails), 'totalRecipients', a.total, 'startIndex', a.start, 'batchSize', a.size)::text AS body,
	wanzami.audit(($1 ->> 'userId')::bigint, 'EMAIL_CAMPAIGN', c.id::text, jsonb_build_object('subject', $2 -> 'subject',
		'queued', (SELECT count(*) FROM mails), 'startIndex', a.start))
FROM asked a, campaign c
