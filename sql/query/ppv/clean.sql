-- Cron job payments: removes expired grants.
DELETE FROM wanzami.ppv_grant WHERE expires_at < now()
