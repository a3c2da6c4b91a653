-- The response cache (src/http/generation.h): returns a text that differs after each change of the public catalogue.
SELECT coalesce(md5(string_agg(id::text, ',' ORDER BY id)), '-') AS generation FROM wanzami.catalogue_change
