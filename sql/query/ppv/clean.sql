-- Cron job payments: removes expired grants, and refunds of transactions that no purchase had within 90 days.
DELETE FROM wanzami.ppv_grant WHERE expires_at < now();
DELETE FROM wanzami.ppv_early_refund WHERE created_at < now() - interval '90 days'
