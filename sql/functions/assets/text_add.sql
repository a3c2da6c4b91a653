-- Adds a stored sidecar file as a track of text, in place of one of the same language, kind and label. One of the first two is NULL.
CREATE OR REPLACE FUNCTION wanzami.text_add(title bigint, episode bigint, key text, language text, label text, kind text) RETURNS wanzami.text_track
LANGUAGE plpgsql AS $$
DECLARE
	made wanzami.text_track;
	replaced text[];
BEGIN
	DELETE FROM wanzami.object_trash o WHERE o.key = text_add.key AND o.attempts = 0;
	IF NOT FOUND THEN
		PERFORM wanzami.refuse(503, 'The file was deleted before it could be added');
	END IF;
	WITH gone AS (
		DELETE FROM wanzami.text_track t WHERE (t.title_id = title OR t.episode_id = episode) AND t.origin = 'sidecar'
		AND t.language = text_add.language AND t.kind = text_add.kind AND t.label = coalesce(text_add.label, '')
		RETURNING t.object_key
	)
	SELECT coalesce(array_agg(object_key), '{}') INTO replaced FROM gone;
	-- The trigger has put it into the trash as deleted, but it is replaced.
	PERFORM wanzami.discard(k, 'replaced') FROM unnest(replaced) k;
	INSERT INTO wanzami.text_track (title_id, episode_id, language, label, kind, object_key, origin)
	VALUES (title, episode, text_add.language, coalesce(text_add.label, ''), text_add.kind, text_add.key, 'sidecar') RETURNING * INTO made;
	RETURN made;
END $$;
