-- E-mail addresses that get no campaigns, as wanzami.digest(), and why: once each. A refusal counts once it is certain that it is about the
-- address (docs/mail.md#refusals).
CREATE OR REPLACE VIEW wanzami.campaign_silent AS
	SELECT address, 'the recipient has unsubscribed' AS reason, false AS refused FROM wanzami.unsubscribed
	UNION ALL
	SELECT r.address, 'the mail server has refused the address', true FROM wanzami.refused_address r
	WHERE NOT EXISTS (SELECT FROM wanzami.unsubscribed x WHERE x.address = r.address)
	AND NOT EXISTS (SELECT FROM wanzami.mail_doubt d WHERE d.mail_id = r.mail_id AND d.state = 'refused')
