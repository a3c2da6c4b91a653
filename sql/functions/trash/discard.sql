-- Puts an object into the trash. It is deleted after 24 hours, so that players that have already loaded its URL can finish
-- (docs/compatibility.md#replaced-renditions). If the object is in the trash already, the 24 hours begin again.
CREATE OR REPLACE FUNCTION wanzami.discard(object_key text, why text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO wanzami.object_trash AS t (key, delete_after, reason) VALUES (object_key, now() + interval '24 hours', why)
	ON CONFLICT (key) DO UPDATE SET attempts = 0, delete_after = greatest(t.delete_after, excluded.delete_after)
$$;
