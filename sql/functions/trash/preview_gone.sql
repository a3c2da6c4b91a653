-- Trigger function: puts the objects of deleted or replaced previews into the trash.
CREATE OR REPLACE FUNCTION wanzami.preview_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM wanzami.discard(key, CASE TG_OP WHEN 'DELETE' THEN 'deleted' ELSE 'replaced' END) FROM unnest(old.sheets || old.posters) key;
	RETURN NULL;
END $$;
