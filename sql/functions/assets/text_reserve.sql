-- Enters the object of a sidecar file into the trash before it is stored, and refuses one too many or a label that is too long. One of
-- the first two is NULL.
CREATE OR REPLACE FUNCTION wanzami.text_reserve(title bigint, episode bigint, object_key text, label text) RETURNS void LANGUAGE sql AS $$
	SELECT wanzami.refuse(400, 'label must have at most 100 characters') WHERE length(label) > 100;
	SELECT wanzami.refuse(409, 'The film has too many text files') WHERE (
		SELECT count(*) FROM wanzami.text_track t WHERE (t.title_id = title OR t.episode_id = episode) AND t.origin = 'sidecar') >= 100;
	INSERT INTO wanzami.object_trash (key, delete_after, reason) VALUES (object_key, now() + interval '1 hour', 'unfinished')
$$;
