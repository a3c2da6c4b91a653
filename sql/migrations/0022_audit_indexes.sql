-- The audit rows of a title, an episode or a person: the log is read by what a row is about, beside by who wrote it (0002).
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_audit_resource_idx ON "AdminAuditLog" ("resource", "action");
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_audit_title_idx ON "AdminAuditLog" (("detail" ->> 'titleId')) WHERE "detail" ->> 'titleId' IS NOT NULL;
