-- E-mail addresses that get no campaigns. "address" is wanzami.digest() of the address in lower case: it outlives the account and names
-- nobody. The link in a campaign has the digest, so that it stays valid when its mail has been deleted.
CREATE TABLE wanzami.unsubscribed (
	address TEXT PRIMARY KEY,
	since TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- The origin of the unsubscribe links of a campaign: that of the request that queued it. NULL: queued by an older release.
ALTER TABLE wanzami.campaign ADD COLUMN origin TEXT;
