-- Returns the BCP 47 tag and the name of a language that editors have typed as its name or its tag. An unknown language has the tag
-- und and the name Original.
CREATE OR REPLACE FUNCTION wanzami.language(typed text, OUT tag text, OUT name text) LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(l.tag, 'und'), coalesce(l.name, 'Original') FROM (SELECT lower(btrim(typed)) AS word) w LEFT JOIN (VALUES
		('af', 'Afrikaans'), ('ak', 'Akan'), ('am', 'Amharic'), ('ar', 'Arabic'), ('bem', 'Bemba'), ('de', 'German'), ('ee', 'Ewe'), ('efi', 'Efik'),
		('en', 'English'), ('es', 'Spanish'), ('ff', 'Fulah'), ('fon', 'Fon'), ('fr', 'French'), ('gaa', 'Ga'), ('ha', 'Hausa'), ('hi', 'Hindi'),
		('ig', 'Igbo'), ('it', 'Italian'), ('ja', 'Japanese'), ('kam', 'Kamba'), ('ki', 'Kikuyu'), ('ko', 'Korean'), ('lg', 'Luganda'), ('ln', 'Lingala'),
		('luo', 'Luo'), ('mg', 'Malagasy'), ('nd', 'Ndebele'), ('ny', 'Chichewa'), ('om', 'Oromo'), ('pcm', 'Nigerian Pidgin'), ('pcm', 'Pidgin'),
		('pt', 'Portuguese'), ('ru', 'Russian'), ('rw', 'Kinyarwanda'), ('sn', 'Shona'), ('so', 'Somali'), ('st', 'Sesotho'), ('sw', 'Swahili'),
		('ti', 'Tigrinya'), ('tiv', 'Tiv'), ('tn', 'Setswana'), ('ts', 'Tsonga'), ('tw', 'Twi'), ('wo', 'Wolof'), ('xh', 'Xhosa'), ('yo', 'Yoruba'),
		('zh', 'Chinese'), ('zu', 'Zulu')
	) l (tag, name) ON w.word IN (l.tag, lower(l.name)) ORDER BY l.name LIMIT 1
$$;
