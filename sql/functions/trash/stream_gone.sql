-- Trigger function: puts a deleted audio object into the trash.
CREATE OR REPLACE FUNCTION wanzami.stream_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM wanzami.discard(old.object_key, 'deleted');
	RETURN NULL;
END $$;
