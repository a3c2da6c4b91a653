-- Grants that count no more.
DELETE FROM wanzami.ppv_grant WHERE expires_at < now()
