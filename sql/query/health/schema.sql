-- Part of GET /health until the process has seen a migrated database: returns the first migration of this release that the database lacks,
-- NULL if it has all.
-- $1: the names of the migrations, a JSON array.
SELECT min(n.name) FROM jsonb_array_elements_text($1::jsonb) n(name)
WHERE NOT EXISTS (SELECT FROM wanzami.migration m WHERE m.name = n.name)
