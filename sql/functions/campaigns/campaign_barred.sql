-- Returns those of the e-mail addresses that get no campaigns, and why (docs/mail.md#campaigns). An address without an account gets them, until it
-- is unsubscribed, or the mail server refuses it. refused_too: false for a test campaign, which may try an address that was refused.
CREATE OR REPLACE FUNCTION wanzami.campaign_barred(addresses text[], refused_too boolean DEFAULT true) RETURNS TABLE (email text, reason text)
LANGUAGE sql STABLE AS $$
	SELECT e, CASE WHEN x.address IS NOT NULL THEN x.reason WHEN NOT u."emailVerified" THEN 'the address of the account is not verified'
		ELSE 'the account is banned' END
	FROM unnest(addresses) e LEFT JOIN wanzami.campaign_silent x ON x.address = wanzami.digest(lower(e)) AND (refused_too OR NOT x.refused)
	LEFT JOIN "User" u ON u."email" = lower(e)
	WHERE x.address IS NOT NULL OR NOT u."emailVerified" OR u."ppvBanned"
$$;
