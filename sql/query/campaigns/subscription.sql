-- POST /api/email/unsubscribe/:token (docs/compatibility.md#unsubscribe): ends campaigns to an e-mail address, or begins them again.
-- $1: digest, query.again.
DELETE FROM wanzami.unsubscribed WHERE address = 'sha256:' || ($1 ->> 'digest') AND $1 #>> '{query,again}' = '1';
INSERT INTO wanzami.unsubscribed (address) SELECT 'sha256:' || ($1 ->> 'digest') WHERE $1 #>> '{query,again}' = '0'
ON CONFLICT (address) DO NOTHING;
SELECT $1 #>> '{query,again}' = '0' AS unsubscribed
