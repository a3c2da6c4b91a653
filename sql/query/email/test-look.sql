-- How many of them nobody has tried yet, or is trying now.
SELECT count(*)::text AS pending FROM wanzami.mail_outbox
WHERE campaign_id = ($1 ->> 'campaign')::bigint AND sent_at IS NULL AND failed_at IS NULL AND (attempts = 0 OR lease_token IS NOT NULL)
