-- Ends the request with this status and message, and rolls its transaction back. The server makes the response from the
-- SQLSTATE: WZ and the status.
CREATE OR REPLACE FUNCTION wanzami.refuse(status integer, message text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '%', message USING ERRCODE = 'WZ' || status;
END $$;
