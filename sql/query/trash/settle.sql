-- $1 key, $2 why it could not be removed, NULL when it is gone. What was entered anew meanwhile (attempts 0) stays.
WITH gone AS (DELETE FROM wanzami.object_trash WHERE key = $1 AND $2::text IS NULL AND attempts > 0)
UPDATE wanzami.object_trash SET last_error = $2 WHERE key = $1 AND $2::text IS NOT NULL
