-- Returns a track of text for editors; "placeholder" is urlPlaceholder of the statement.
CREATE OR REPLACE FUNCTION wanzami.text_row(t wanzami.text_track, placeholder text) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT json_build_object('id', t.id::text, 'language', t.language, 'label', t.label, 'kind', t.kind, 'default', t.is_default, 'forced', t.is_forced,
		'origin', t.origin, 'createdAt', wanzami.iso(t.created_at AT TIME ZONE 'UTC'), 'url', placeholder || ':43200:' || t.object_key)
$$;
