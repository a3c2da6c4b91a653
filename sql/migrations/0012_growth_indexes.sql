-- Foreign keys without an index: each deleted account, profile, title or episode read the whole table.
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_device_profile_profile_idx ON "DeviceProfile" ("profileId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_upload_job_episode_idx ON "UploadJob" ("episodeId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_ppv_violation_title_idx ON "PpvViolation" ("titleId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_ticket_user_idx ON "SupportTicket" ("userId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_ticket_message_user_idx ON "SupportTicketMessage" ("userId");

-- Viewers in the order of their list.
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_user_created_idx ON "User" ("createdAt" DESC, "id" DESC);
