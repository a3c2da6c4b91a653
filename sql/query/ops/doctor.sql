-- Command wanzami doctor: checks version, TLS, rights, migrations, functions, connections and clock of the database. Returns
-- level (ok, warn or bad), name and detail, which says what to change.
-- $1: migrations of this program, as sql/migrate.sql takes them.
-- $2: Unix time of this machine.
-- $3: SQL functions of this program, as sql/migrate.sql takes them.
-- $4: release of this program.
-- $5: SQLSTATE of a write, as GET /health/ready does it; '' if a row was written.
-- $6: message of its error.
SELECT level, name, detail FROM (
	SELECT 1 AS n, CASE WHEN current_setting('server_version_num')::int >= 140000 THEN 'ok' ELSE 'bad' END AS level, 'database version' AS name,
		'PostgreSQL ' || current_setting('server_version') || CASE WHEN current_setting('server_version_num')::int >= 140000 THEN ''
		ELSE '; at least 14 is needed' END AS detail
	UNION ALL
	SELECT 2, CASE WHEN s.ssl OR coalesce(host(inet_server_addr()), '127.0.0.1') IN ('127.0.0.1', '::1') THEN 'ok' ELSE 'warn' END, 'database TLS',
		CASE WHEN s.ssl THEN s.version || ', ' || s.cipher ELSE 'not used' || CASE WHEN coalesce(host(inet_server_addr()), '127.0.0.1')
		IN ('127.0.0.1', '::1') THEN ', the server is on this machine' ELSE '; add sslmode=verify-full to DATABASE_URL' END END
	FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()
	UNION ALL
	SELECT 3, CASE WHEN has_schema_privilege(current_schema(), 'USAGE') AND has_schema_privilege(current_schema(), 'CREATE') THEN 'ok' ELSE 'warn' END,
		'database schema rights', CASE WHEN has_schema_privilege(current_schema(), 'CREATE') THEN 'may create in ' || current_schema()
		ELSE 'may not create in ' || coalesce(current_schema(), 'no schema') || '; migrate as its owner, or GRANT CREATE ON SCHEMA' END
	UNION ALL
	SELECT 3, CASE WHEN to_regclass('"User"') IS NULL THEN 'bad' ELSE 'ok' END, 'database schema',
		CASE WHEN to_regclass('"User"') IS NULL THEN 'no tables in ' || current_setting('search_path') || coalesce('; they are in ' || elsewhere
			|| ', set schema=' || split_part(elsewhere, ', ', 1) || ' in DATABASE_URL', '; run wanzami migrate') ELSE current_schema()::text END
	FROM (SELECT string_agg(n.nspname, ', ' ORDER BY n.nspname) AS elsewhere FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relname = 'PpvPurchase' AND c.relkind = 'r') shared
	UNION ALL
	SELECT 4, CASE WHEN missing IS NULL AND changed IS NULL THEN 'ok' ELSE 'bad' END, 'database migrations',
		coalesce(nullif(concat_ws('; ', 'missing: ' || missing || '; run wanzami migrate',
			'changed since they were applied: ' || changed || '; run the release whose files were applied, or restore them'), ''), 'all there')
	FROM (SELECT string_agg(f ->> 'name', ', ' ORDER BY f ->> 'name') FILTER (WHERE a.name IS NULL) AS missing,
			string_agg(a.name, ', ' ORDER BY a.name) FILTER (WHERE a.sha256 IS DISTINCT FROM encode(sha256(convert_to(f ->> 'text', 'UTF8')), 'hex')) AS changed
		FROM jsonb_array_elements($1::jsonb) f LEFT JOIN wanzami.migration a ON a.name = f ->> 'name') files
	UNION ALL
	SELECT 4, CASE WHEN differ IS NULL OR newer THEN 'ok' ELSE 'bad' END, 'database functions',
		CASE WHEN differ IS NULL THEN 'of this release' WHEN newer THEN 'of a newer release, which keeps those that this one calls'
		ELSE 'not of this release: ' || differ || '; run wanzami migrate' END
	FROM (SELECT string_agg(f ->> 'name', ', ' ORDER BY f ->> 'name') FILTER (WHERE r.sha256 IS DISTINCT FROM encode(sha256(convert_to(f ->> 'text', 'UTF8')), 'hex')) AS differ,
			(SELECT bool_or(string_to_array(substring(n.release FROM '^[0-9.]+'), '.')::int[] > string_to_array(substring($4 FROM '^[0-9.]+'), '.')::int[])
				FROM wanzami.routine n) IS true AS newer
		FROM jsonb_array_elements($3::jsonb) f LEFT JOIN wanzami.routine r ON r.file = f ->> 'name') files
	UNION ALL
	SELECT 5, CASE WHEN denied IS NULL THEN 'ok' ELSE 'bad' END, 'database table rights',
		coalesce('no SELECT, INSERT, UPDATE or DELETE on ' || denied || '; GRANT them to ' || current_user, 'every table can be read and written')
	FROM (SELECT string_agg(c.oid::regclass::text, ', ' ORDER BY c.relname) AS denied FROM pg_class c
		WHERE c.relkind = 'r' AND c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN (current_schema(), 'wanzami'))
		AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
			AND has_table_privilege(c.oid, 'DELETE'))) rights
	UNION ALL
	SELECT 5, CASE WHEN denied IS NULL THEN 'ok' ELSE 'bad' END, 'database sequence rights',
		coalesce('no USAGE on ' || denied || '; GRANT USAGE, SELECT on all sequences to ' || current_user, 'every sequence can be used')
	FROM (SELECT string_agg(c.oid::regclass::text, ', ' ORDER BY c.relname) AS denied FROM pg_class c
		WHERE c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN (current_schema(), 'wanzami'))
		AND CASE c.relkind WHEN 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE') END) sequences
	UNION ALL
	SELECT 5, CASE WHEN missing IS NULL THEN 'ok' ELSE 'warn' END, 'database migrate rights',
		coalesce('wanzami migrate cannot run as ' || current_user || ': ' || missing, 'wanzami migrate may run as ' || current_user)
	FROM (SELECT nullif(concat_ws('; ',
			CASE WHEN NOT has_database_privilege(current_database(), 'CREATE') THEN format('GRANT CREATE ON DATABASE %I', current_database()) END,
			'make it a member of the owner of ' || string_agg(foreign_objects.name, ', ' ORDER BY foreign_objects.name)), '') AS missing
		FROM (SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname IN (current_schema(), 'wanzami') AND c.relkind IN ('r', 'v') AND NOT pg_has_role(c.relowner, 'USAGE')
			UNION ALL
			SELECT 'functions of wanzami' WHERE EXISTS (SELECT FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
				WHERE n.nspname = 'wanzami' AND NOT pg_has_role(f.proowner, 'USAGE'))) foreign_objects) migrate
	UNION ALL
	SELECT 6, CASE WHEN used < most * 0.8 THEN 'ok' ELSE 'warn' END, 'database connections', used || ' of ' || most || ' in use'
		|| CASE WHEN used < most * 0.8 THEN '' ELSE '; raise max_connections, or run fewer workers' END
	FROM (SELECT count(*) AS used, current_setting('max_connections')::int AS most FROM pg_stat_activity WHERE backend_type = 'client backend') c
	UNION ALL
	SELECT 7, CASE WHEN $5 = '' THEN 'ok' ELSE 'bad' END, 'database writable', CASE WHEN $5 = '' THEN 'yes, a row was written'
		WHEN pg_is_in_recovery() THEN 'no, it is a replica; DATABASE_URL must name the primary'
		WHEN $5 = '25006' THEN 'no, default_transaction_read_only is on (from: ' || source || '); it must be off for ' || current_user || ' in this database'
		WHEN $5 = '53100' THEN 'no, ' || $6 || '; give the database more storage'
		ELSE 'no, ' || $6 || '; grant INSERT and UPDATE on all tables (docs/database.md)' END
	FROM pg_settings WHERE pg_settings.name = 'default_transaction_read_only'
	UNION ALL
	SELECT 8, CASE WHEN abs(extract(epoch FROM clock_timestamp()) - $2::numeric) < 5 THEN 'ok' ELSE 'bad' END, 'clock against the database',
		round(extract(epoch FROM clock_timestamp()) - $2::numeric, 1) || ' s apart' || CASE WHEN abs(extract(epoch FROM clock_timestamp()) - $2::numeric) < 5
		THEN '' ELSE '; correct the clocks' END
) checks ORDER BY n
