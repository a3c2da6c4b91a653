-- The SQL side of `wanzami migrate` (src/store/migrate.c): its records, and functions that exist in its session only. Tables of files
-- are passed as a JSON array of {"name", "text"}; the names are relative to sql/migrations or sql/functions.

CREATE SCHEMA IF NOT EXISTS wanzami;

-- The migrations that have been applied. Rows without a hash are of the time before hashes were recorded.
CREATE TABLE IF NOT EXISTS wanzami.migration (
	name TEXT PRIMARY KEY,
	applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
DO $$ BEGIN
	IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'wanzami.migration'::regclass AND attname = 'sha256') THEN
		ALTER TABLE wanzami.migration ADD COLUMN sha256 TEXT;
	END IF;
END $$;

-- The functions, views and triggers of sql/functions. "object" is what DROP takes; "release" is the last release that had the file;
-- "retired_by" is the release whose `migrate` found the file gone.
CREATE TABLE IF NOT EXISTS wanzami.routine (
	object TEXT PRIMARY KEY,
	file TEXT UNIQUE,
	sha256 TEXT,
	release TEXT,
	retired_by TEXT,
	applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE FUNCTION pg_temp.hash(content text) RETURNS text LANGUAGE sql AS $$
	SELECT encode(sha256(convert_to(content, 'UTF8')), 'hex')
$$;

-- Returns the release that this database belongs to if it is newer than this one, otherwise NULL: a higher version has applied its
-- functions, or a migration has been applied that this release does not have.
CREATE FUNCTION pg_temp.newer_release(migrations jsonb, this text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(
		(SELECT max(release) FROM wanzami.routine
			WHERE string_to_array(substring(release FROM '^[0-9.]+'), '.')::int[] > string_to_array(substring(this FROM '^[0-9.]+'), '.')::int[]),
		(SELECT 'that has ' || min(m.name) FROM wanzami.migration m
			WHERE m.sha256 IS NOT NULL AND NOT EXISTS (SELECT FROM jsonb_array_elements(migrations) x WHERE x ->> 'name' = m.name)))
$$;

-- Returns the migrations that have not been applied, in order. "concurrent" ones are run one statement at a time, after the transaction
-- of the others; on an empty database, which has no readers and writers, they are run in it. A file that is not what was applied under
-- its name stops everything.
CREATE FUNCTION pg_temp.migrations_pending(migrations jsonb) RETURNS TABLE (name text, concurrent boolean, content text) LANGUAGE plpgsql AS $$
DECLARE
	changed record;
	empty boolean := to_regclass('"User"') IS NULL AND NOT EXISTS (SELECT FROM wanzami.migration);
BEGIN
	SELECT m.*, x ->> 'text' AS content INTO changed FROM jsonb_array_elements(migrations) x JOIN wanzami.migration m ON m.name = x ->> 'name'
	WHERE m.sha256 IS DISTINCT FROM pg_temp.hash(x ->> 'text') ORDER BY m.name LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '% has changed since it was applied on %: its SHA-256 was %, now it is %. Restore the file, and put the change into a new migration.',
			changed.name, changed.applied_at::date, coalesce(changed.sha256, 'not recorded'), pg_temp.hash(changed.content);
	END IF;
	RETURN QUERY SELECT x ->> 'name', NOT empty AND x ->> 'text' ~ '\mINDEX CONCURRENTLY\M',
		CASE WHEN empty THEN replace(x ->> 'text', 'INDEX CONCURRENTLY', 'INDEX') ELSE x ->> 'text' END
	FROM jsonb_array_elements(migrations) x
	WHERE NOT EXISTS (SELECT FROM wanzami.migration m WHERE m.name = x ->> 'name') ORDER BY 1;
END $$;

CREATE FUNCTION pg_temp.migration_record(migrations jsonb, applied text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO wanzami.migration (name, sha256)
	SELECT x ->> 'name', pg_temp.hash(x ->> 'text') FROM jsonb_array_elements(migrations) x WHERE x ->> 'name' = applied
$$;

-- Prepares one statement of a concurrent migration. Returns what to run before it, NULL for nothing, and whether to run it at all.
-- CREATE INDEX CONCURRENTLY that was interrupted leaves an invalid index, which must be dropped. An index over the same columns counts
-- under any name.
CREATE FUNCTION pg_temp.index_plan(statement text, OUT name text, OUT first text, OUT run boolean) LANGUAGE plpgsql AS $$
DECLARE
	parts text[] := regexp_match(statement, '(?n)^CREATE (UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS (\S+) ON (\S+) (.*)$');
	state boolean;
BEGIN
	IF parts IS NULL THEN
		name := (regexp_match(statement, '(?n)^DROP INDEX CONCURRENTLY IF EXISTS (\S+)'))[1];
		run := true;
		IF name IS NULL THEN
			RAISE EXCEPTION 'a migration with INDEX CONCURRENTLY may only have the statements CREATE [UNIQUE] INDEX CONCURRENTLY IF NOT EXISTS and DROP INDEX CONCURRENTLY IF EXISTS';
		END IF;
		RETURN;
	END IF;
	name := parts[2];
	SELECT i.indisvalid, format('DROP INDEX CONCURRENTLY %s', i.indexrelid::regclass) INTO state, first
	FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
	WHERE i.indrelid = to_regclass(parts[3]) AND quote_ident(c.relname) = CASE WHEN name LIKE '"%' THEN quote_ident(btrim(name, '"')) ELSE name END;
	IF state THEN
		first := NULL;
	END IF;
	run := state IS NOT true AND NOT EXISTS (
		SELECT FROM pg_index i WHERE i.indrelid = to_regclass(parts[3]) AND i.indisvalid AND i.indisunique = (parts[1] IS NOT NULL)
		AND i.indpred IS NULL AND i.indexprs IS NULL AND 0 = ALL (i.indoption::int2[]) AND parts[4] = (
			SELECT format('(%s)', string_agg(format('"%s"', a.attname), ', ' ORDER BY n)) FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(num, n)
			JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.num));
END $$;

-- Creates or replaces the object of one file and returns what DROP takes. A function with other parameters than before replaces the
-- one that it had; a function whose parameters only changed their names is dropped and created.
CREATE FUNCTION pg_temp.routine_apply(content text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	parts text[] := regexp_match(content, '(?n)^CREATE OR REPLACE (FUNCTION|VIEW|TRIGGER) (?:wanzami\.)?(\w+)');
	before text[] := ARRAY(SELECT oid || '/' || xmin FROM pg_proc WHERE pronamespace = 'wanzami'::regnamespace AND proname = parts[2]);
	old oid;
	made oid;
BEGIN
	IF parts[1] = 'VIEW' THEN
		EXECUTE content;
		RETURN format('VIEW wanzami.%I', parts[2]);
	ELSIF parts[1] = 'TRIGGER' THEN
		EXECUTE content;
		RETURN format('TRIGGER %I ON %s', parts[2], (regexp_match(content, '\mON (wanzami\.\w+|"\w+")'))[1]);
	ELSIF parts[1] IS NULL THEN
		RAISE EXCEPTION 'no line begins with CREATE OR REPLACE FUNCTION, VIEW or TRIGGER';
	END IF;
	BEGIN
		EXECUTE content;
	EXCEPTION WHEN invalid_function_definition THEN
		IF SQLERRM LIKE 'cannot change return type%' THEN
			RAISE;
		END IF;
		FOR old IN SELECT oid FROM pg_proc WHERE pronamespace = 'wanzami'::regnamespace AND proname = parts[2] LOOP
			EXECUTE format('DROP FUNCTION %s', old::regprocedure);
		END LOOP;
		EXECUTE content;
	END;
	SELECT oid INTO STRICT made FROM pg_proc
	WHERE pronamespace = 'wanzami'::regnamespace AND proname = parts[2] AND oid || '/' || xmin <> ALL (before);
	FOR old IN SELECT oid FROM pg_proc WHERE pronamespace = 'wanzami'::regnamespace AND proname = parts[2] AND oid <> made LOOP
		EXECUTE format('DROP FUNCTION %s', old::regprocedure);
	END LOOP;
	RETURN format('FUNCTION %s', made::regprocedure);
END $$;

-- Applies the files whose hash has changed. Bodies are not checked here, so functions may be created in any order. Views, triggers and
-- defaults need their objects: a file that lacks one waits until the others have been applied.
CREATE FUNCTION pg_temp.routines_create(files jsonb, this text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	f record;
	todo text[] := ARRAY(SELECT x ->> 'name' FROM jsonb_array_elements(files) x
		WHERE NOT EXISTS (SELECT FROM wanzami.routine r WHERE r.file = x ->> 'name' AND r.sha256 = pg_temp.hash(x ->> 'text')) ORDER BY 1);
	waiting text[];
	error text;
	made text;
BEGIN
	PERFORM set_config('check_function_bodies', 'off', true);
	FOR round IN 1 .. cardinality(todo) LOOP
		waiting := '{}';
		FOR f IN SELECT x ->> 'name' AS name, x ->> 'text' AS content FROM jsonb_array_elements(files) x WHERE x ->> 'name' = ANY (todo) ORDER BY 1 LOOP
			BEGIN
				made := pg_temp.routine_apply(f.content);
				DELETE FROM wanzami.routine WHERE file = f.name AND object <> made;
				INSERT INTO wanzami.routine (object, file, sha256) VALUES (made, f.name, pg_temp.hash(f.content))
				ON CONFLICT (object) DO UPDATE SET file = excluded.file, sha256 = excluded.sha256, applied_at = now();
			EXCEPTION WHEN undefined_function OR undefined_table OR undefined_object THEN
				waiting := waiting || f.name;
				error := format('%s: %s', f.name, SQLERRM);
			WHEN OTHERS THEN
				RAISE EXCEPTION '%: %', f.name, SQLERRM USING ERRCODE = SQLSTATE;
			END;
		END LOOP;
		EXIT WHEN waiting = '{}';
		IF waiting = todo THEN
			RAISE EXCEPTION '%', error;
		END IF;
		todo := waiting;
	END LOOP;
	UPDATE wanzami.routine SET release = this, retired_by = NULL
	WHERE file IN (SELECT x ->> 'name' FROM jsonb_array_elements(files) x) AND (release IS DISTINCT FROM this OR retired_by IS NOT NULL);
	RETURN (SELECT count(*) FROM wanzami.routine WHERE applied_at = now());
END $$;

-- Checks the bodies of all functions against the tables and functions as they are now, not only of those that have changed. A body that
-- uses an enum label added in this transaction can only be checked after it.
CREATE FUNCTION pg_temp.routines_check() RETURNS void LANGUAGE plpgsql AS $$
DECLARE f record;
BEGIN
	PERFORM set_config('check_function_bodies', 'on', true);
	FOR f IN SELECT r.file, p.oid, l.lanvalidator::regproc AS validator FROM wanzami.routine r
		JOIN pg_proc p ON p.oid = to_regprocedure(substring(r.object FROM '^FUNCTION (.*)')) JOIN pg_language l ON l.oid = p.prolang
		WHERE r.retired_by IS NULL AND l.lanvalidator <> 0 ORDER BY 1
	LOOP
		BEGIN
			EXECUTE format('SELECT %s($1)', f.validator) USING f.oid;
		EXCEPTION WHEN unsafe_new_enum_value_usage THEN
			NULL;
		WHEN OTHERS THEN
			RAISE EXCEPTION '%: %', f.file, SQLERRM USING ERRCODE = SQLSTATE;
		END;
	END LOOP;
END $$;

-- Retires objects whose file is gone, and functions that no file has made. Processes of the release before may still call them: they
-- are dropped by the `migrate` of the next release.
CREATE FUNCTION pg_temp.routines_retire(files jsonb, this text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE gone record;
BEGIN
	FOR gone IN SELECT object FROM wanzami.routine WHERE retired_by <> this ORDER BY object LIKE 'FUNCTION %', object LOOP
		EXECUTE format('DROP %s', regexp_replace(gone.object, '^(\w+) ', '\1 IF EXISTS '));
	END LOOP;
	DELETE FROM wanzami.routine WHERE retired_by <> this;
	UPDATE wanzami.routine SET retired_by = this
	WHERE retired_by IS NULL AND file NOT IN (SELECT x ->> 'name' FROM jsonb_array_elements(files) x);
	INSERT INTO wanzami.routine (object, retired_by)
	SELECT format('FUNCTION %s', p.oid::regprocedure), this FROM pg_proc p WHERE p.pronamespace = 'wanzami'::regnamespace
	ON CONFLICT (object) DO NOTHING;
END $$;

-- Brings functions, views and triggers to the state of these files, after migrations if "migrated". Returns how many have been applied.
CREATE FUNCTION pg_temp.routines(files jsonb, this text, migrated boolean) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE applied integer := pg_temp.routines_create(files, this);
BEGIN
	IF migrated OR applied > 0 THEN
		PERFORM pg_temp.routines_check();
	END IF;
	PERFORM pg_temp.routines_retire(files, this);
	RETURN applied;
END $$;
