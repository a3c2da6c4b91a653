-- Releases the replaced renditions of these uploads from their 24 hours, since their title is deleted (docs/compatibility.md#title-delete).
CREATE OR REPLACE FUNCTION wanzami.discard_replaced(uploads bigint[]) RETURNS void LANGUAGE sql AS $$
	UPDATE wanzami.object_trash SET delete_after = now(), reason = 'deleted'
	WHERE reason = 'replaced' AND substring(key FROM '^vod/([0-9]{1,18})/')::bigint = ANY (uploads)
$$;
