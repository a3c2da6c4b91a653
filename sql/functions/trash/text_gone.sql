-- Trigger function: puts the object of a deleted or replaced track of text into the trash.
CREATE OR REPLACE FUNCTION wanzami.text_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM wanzami.discard(old.object_key, CASE TG_OP WHEN 'DELETE' THEN 'deleted' ELSE 'replaced' END);
	RETURN NULL;
END $$;
