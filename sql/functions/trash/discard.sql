-- Puts an object into the trash. A replaced one is deleted after 24 hours, so that players that have already loaded its URL can finish
-- (docs/compatibility.md#replaced-renditions); the 24 hours begin again if it is in the trash already. Any other, of a deleted title
-- above all, is deleted by the next clean-up.
CREATE OR REPLACE FUNCTION wanzami.discard(object_key text, why text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO wanzami.object_trash AS t (key, delete_after, reason)
	VALUES (object_key, now() + CASE why WHEN 'replaced' THEN interval '24 hours' ELSE interval '0' END, why)
	ON CONFLICT (key) DO UPDATE SET attempts = 0, reason = excluded.reason,
		delete_after = CASE excluded.reason WHEN 'replaced' THEN greatest(t.delete_after, excluded.delete_after) ELSE excluded.delete_after END
$$;
