-- Health check of GET /health/ready: proves that the connection works.
SELECT 1
