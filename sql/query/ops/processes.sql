-- Command wanzami restored, step 1: returns the number of connections of serving processes of this service.
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'wanzami %' AND pid <> pg_backend_pid()
