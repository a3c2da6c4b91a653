-- Returns the purpose of an audio track: main, description, commentary or clear. Rows of earlier releases say only whether they describe the video.
CREATE OR REPLACE FUNCTION wanzami.audio_purpose(purpose text, described boolean) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(purpose, CASE WHEN described THEN 'description' ELSE 'main' END)
$$;
