-- A failure that a client saw as 500 (docs/compatibility.md#error-log): $1 what the database said, $2 path and query, $3 user
-- or NULL.
INSERT INTO "ErrorLog" ("level", "message", "path", "userId") VALUES ('ERROR', $1::text, $2::text, $3::bigint)
