-- GET /health/ready: the shortest statement that proves a working connection.
SELECT 1
