-- POST /api/admin/email/test, step 2 of 3 (docs/compatibility.md#campaign-test): returns the number of mails of the campaign
-- that have no result yet; 0 also if the relay is paused and no mail is being sent, since those that wait will not be tried in time.
-- $1: campaign.
SELECT (CASE WHEN r.paused_until > now() AND r.probe IS NULL AND count(m.lease_token) = 0 THEN 0 ELSE count(m.id) END)::text AS pending
FROM wanzami.mail_relay r
LEFT JOIN wanzami.mail_outbox m ON m.campaign_id = ($1 ->> 'campaign')::bigint AND m.sent_at IS NULL AND m.failed_at IS NULL
GROUP BY r.paused_until, r.probe
