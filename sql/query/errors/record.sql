-- Writes an error that was answered with 500 to the error log (docs/compatibility.md#error-log). Returns no row.
-- $1: message of the database.
-- $2: path and query of the request.
-- $3: user id or NULL.
INSERT INTO "ErrorLog" ("level", "message", "path", "userId") VALUES ('ERROR', $1::text, $2::text, $3::bigint)
