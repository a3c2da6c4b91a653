-- Returns the previews of a film for a caller: placeholders of the URLs of its first sheet and of its storyboard as WebVTT; NULL where
-- the caller gets none. "way" is that of assets(): a guest who must pass the gate gets no URL of a sheet, because a sheet has no gate.
-- episode_id is NULL for the film of the title itself; editor is that of film_token(). No row if the film has no storyboard.
CREATE OR REPLACE FUNCTION wanzami.preview_urls(title_id bigint, episode_id bigint, way text, request jsonb, editor boolean DEFAULT false) RETURNS TABLE (sprite text, vtt text)
LANGUAGE sql STABLE AS $$
	SELECT CASE way WHEN 'direct' THEN request ->> 'urlPlaceholder' || ':43200:' || p.sheets[1] END,
		CASE WHEN way <> 'none' THEN request ->> 'urlPlaceholder' || ':previews:' || wanzami.film_token(preview_urls.title_id, preview_urls.episode_id, request, editor) END
	FROM wanzami.storyboard(CASE WHEN preview_urls.episode_id IS NULL THEN preview_urls.title_id END, preview_urls.episode_id) p
$$;
