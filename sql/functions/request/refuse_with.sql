-- Ends the request like refuse(), with a JSON body instead of a message. SQLSTATE: WB and the status.
CREATE OR REPLACE FUNCTION wanzami.refuse_with(status integer, body json) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '%', body USING ERRCODE = 'WB' || status;
END $$;
