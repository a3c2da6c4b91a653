-- Deletes the audio objects with the keys of "gone", and stores those of "made", as for wanzami.transcode_finish(), with the further columns of "more".
CREATE OR REPLACE FUNCTION wanzami.audio_replace(gone text[], made jsonb, more jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM wanzami.stream s WHERE s.asset_version_id IS NULL AND s.object_key = ANY (gone);
	-- The trigger has put them into the trash as deleted, but they are replaced.
	PERFORM wanzami.discard(key, 'replaced') FROM unnest(gone) key;
	INSERT INTO wanzami.stream SELECT s.* FROM jsonb_array_elements(made) x,
		jsonb_populate_record(NULL::wanzami.stream, x -> 'audio' || jsonb_build_object('object_key', x -> 'object_key') || more) s;
	DELETE FROM wanzami.object_trash WHERE key IN (SELECT x ->> 'object_key' FROM jsonb_array_elements(made) x);
END $$;
