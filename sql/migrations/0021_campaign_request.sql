-- Marks of a campaign by which a repeated request is recognised: digests of the request and of its Idempotency-Key, both with the administrator, and
-- the response. NULL: a test campaign, or one of an older release.
ALTER TABLE wanzami.campaign ADD COLUMN request TEXT, ADD COLUMN request_key TEXT, ADD COLUMN answer TEXT;
