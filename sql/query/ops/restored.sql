-- Command wanzami restored, step 2 (docs/backup.md#wanzami-restored): what has to change in a database that went back in time. Ids that were
-- given out after that time are not given out again, because tokens, URLs and payments may name them: sequences skip as many numbers as
-- they have given out, at least a million. All sessions end. Mails that were waiting may have been sent since; they wait for a person.
-- Returns the numbers of sequences, sessions and mails.
WITH moved AS MATERIALIZED (
	SELECT setval(format('%I.%I', schemaname, sequencename)::regclass,
		least(coalesce(last_value, start_value) + greatest(coalesce(last_value, 0), 1000000), max_value)) AS number
	FROM pg_sequences WHERE schemaname IN (current_schema(), 'wanzami')
), ended AS (
	DELETE FROM "Session" RETURNING 1
), held AS (
	UPDATE wanzami.mail_outbox SET next_attempt_at = 'infinity', lease_token = NULL, last_error = 'held by wanzami restored'
	WHERE sent_at IS NULL AND failed_at IS NULL RETURNING 1
), lists AS (
	UPDATE wanzami.list_generation SET number = number + 1000000 RETURNING 1
)
SELECT (SELECT count(number) FROM moved) AS sequences, (SELECT count(*) FROM ended) AS sessions, (SELECT count(*) FROM held) AS mails
