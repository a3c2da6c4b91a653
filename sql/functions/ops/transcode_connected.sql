-- Returns true if a process with the role transcode is connected to the database. application_name holds the roles and the version
-- ("wanzami api,transcode 0.1.0").
CREATE OR REPLACE FUNCTION wanzami.transcode_connected() RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'wanzami %'
		AND 'transcode' = ANY (string_to_array(split_part(application_name, ' ', 2), ',')))
$$;
