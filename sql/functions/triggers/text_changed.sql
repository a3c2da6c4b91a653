-- Notes changes of tracks of text for the playlists that workers keep.
CREATE OR REPLACE TRIGGER text_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON wanzami.text_track
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.catalogue_changed();
