-- Puts objects of deleted rows into the trash, as wanzami.discard() does with one; NULLs are left out. In the order of the keys, so that
-- transactions with the same objects do not wait for each other in a circle.
CREATE OR REPLACE FUNCTION wanzami.discard_deleted(keys text[]) RETURNS void LANGUAGE sql AS $$
	INSERT INTO wanzami.object_trash (key, delete_after, reason)
	SELECT DISTINCT k, now(), 'deleted' FROM unnest(keys) k WHERE k IS NOT NULL ORDER BY k
	ON CONFLICT (key) DO UPDATE SET attempts = 0, reason = excluded.reason, delete_after = excluded.delete_after
$$;
