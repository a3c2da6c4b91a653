-- Cron job payments, step 3 (docs/payments.md#payments-without-a-purchase): takes the next payment whose reference no purchase has. The
-- attempt is counted now; pauses double from ten minutes to a day.
UPDATE wanzami.ppv_unknown u SET attempts = attempts + 1, next_at = now() + least(interval '10 minutes' * 2 ^ least(attempts, 8), interval '1 day')
FROM (SELECT w.gateway, w.reference FROM wanzami.ppv_unknown w WHERE w.next_at <= now() ORDER BY w.next_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
WHERE u.gateway = due.gateway AND u.reference = due.reference
RETURNING u.gateway, u.reference
