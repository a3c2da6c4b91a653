-- Cron job store-cleanup: takes the object that has been due for longest. The attempt is counted now; pauses double from 10
-- seconds to an hour. Returns no row if none is due.
UPDATE wanzami.object_trash t
SET attempts = attempts + 1, delete_after = now() + least(interval '10 seconds' * 2 ^ least(attempts, 12), interval '1 hour')
FROM (SELECT key FROM wanzami.object_trash WHERE delete_after <= now() ORDER BY delete_after LIMIT 1 FOR UPDATE SKIP LOCKED) due
WHERE t.key = due.key
RETURNING t.key, t.upload_job_id IS NOT NULL AS unfinished, wanzami.object_shown(t.key) AS shown
