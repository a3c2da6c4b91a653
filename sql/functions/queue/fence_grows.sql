-- Trigger function: rejects a fencing token that is lower than the stored one.
CREATE OR REPLACE FUNCTION wanzami.fence_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'fencing token % is lower than the stored %', new.fence, old.fence USING ERRCODE = 'check_violation';
END $$;
