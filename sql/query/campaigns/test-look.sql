-- POST /api/admin/email/test, step 2 of 3 (docs/compatibility.md#campaign-test): returns the number of mails of the campaign
-- that have not been tried yet or are being sent.
-- $1: campaign.
SELECT count(*)::text AS pending FROM wanzami.mail_outbox
WHERE campaign_id = ($1 ->> 'campaign')::bigint AND sent_at IS NULL AND failed_at IS NULL AND (attempts = 0 OR lease_token IS NOT NULL)
