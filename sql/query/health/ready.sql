-- Health check of GET /health/ready: proves that the database accepts writes. All processes together write at most once in five seconds.
INSERT INTO wanzami.write_probe AS p (at) VALUES (now()) ON CONFLICT (only_row) DO UPDATE SET at = excluded.at WHERE p.at < now() - interval '5 seconds'
