-- Trigger function: puts the objects of deleted renditions into the trash.
CREATE OR REPLACE FUNCTION wanzami.renditions_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM wanzami.discard_deleted(ARRAY(SELECT g.object_key FROM gone g));
	RETURN NULL;
END $$;
