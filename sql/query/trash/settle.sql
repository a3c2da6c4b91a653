-- Cron job store-cleanup: removes the row of a deleted object or records the error. A row that was entered anew meanwhile
-- (attempts = 0) stays.
-- $1: object key.
-- $2: error, NULL if the object was deleted.
WITH gone AS (DELETE FROM wanzami.object_trash WHERE key = $1 AND $2::text IS NULL AND attempts > 0)
UPDATE wanzami.object_trash SET last_error = $2 WHERE key = $1 AND $2::text IS NOT NULL
