-- POST /api/admin/titles/:id/poster, step 1 of 2 (docs/compatibility.md#posters): enters the copy into the trash before it is stored, and
-- returns the object key of the candidate.
-- $1: id, key.
-- $2: candidate.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint);
SELECT wanzami.refuse(404, 'Poster candidate not found') WHERE NOT EXISTS (
	SELECT FROM wanzami.poster_candidates(($1 ->> 'id')::bigint) c WHERE c.id = $2 ->> 'candidate');
INSERT INTO wanzami.object_trash (key, delete_after, reason) VALUES ($1 ->> 'key', now() + interval '1 hour', 'unfinished');
SELECT c.object_key FROM wanzami.poster_candidates(($1 ->> 'id')::bigint) c WHERE c.id = $2 ->> 'candidate' LIMIT 1
