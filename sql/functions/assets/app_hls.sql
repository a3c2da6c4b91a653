-- Returns the placeholder of the HLS playlist that a browser of Apple gets as the URL of the largest rendition
-- (docs/playback.md#hls-in-the-apps); NULL for other browsers (appHls), without access, and for a guest who must pass the gate, because
-- the gate waits for a grant and a playlist does not. The playlist repeats the URLs of segments, which all players of Apple read.
-- episode_id is NULL for the film of the title itself.
CREATE OR REPLACE FUNCTION wanzami.app_hls(title_id bigint, episode_id bigint, way text, request jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN way = 'direct' AND request ->> 'appHls' = '1' THEN request ->> 'urlPlaceholder' || ':hls0:' || wanzami.film_token(title_id, episode_id, request) END
$$;
