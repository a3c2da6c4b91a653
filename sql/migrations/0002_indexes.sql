-- The indexes of release 0.1.0. `wanzami migrate` runs each statement outside a transaction (docs/database.md), because a database that
-- is adopted has a service that writes to these tables. Partial unique indexes on "AssetVersion" are left out:
-- the Node service inserts duplicates when an upload is completed and would fail.

-- Indexes that the Node service makes, too. One over the same columns counts under any name.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "User_email_key" ON "User" ("email");
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "User_verificationToken_key" ON "User" ("verificationToken");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "Session_userId_deviceId_idx" ON "Session" ("userId", "deviceId");
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "Device_userId_deviceId_key" ON "Device" ("userId", "deviceId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "Invitation_email_idx" ON "Invitation" ("email");
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "Invitation_token_key" ON "Invitation" ("token");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "Profile_userId_idx" ON "Profile" ("userId");
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "BillingAccount_userId_key" ON "BillingAccount" ("userId");
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "DeviceProfile_deviceRecordId_key" ON "DeviceProfile" ("deviceRecordId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "DeviceProfile_userId_profileId_idx" ON "DeviceProfile" ("userId", "profileId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "Episode_titleId_seasonNumber_episodeNumber_idx" ON "Episode" ("titleId", "seasonNumber", "episodeNumber");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "AssetVersion_titleId_episodeId_idx" ON "AssetVersion" ("titleId", "episodeId");
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "AssetVersion_titleId_episodeId_rendition_key" ON "AssetVersion" ("titleId", "episodeId", "rendition");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "UploadJob_titleId_episodeId_status_idx" ON "UploadJob" ("titleId", "episodeId", "status");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "EngagementEvent_eventType_occurredAt_idx" ON "EngagementEvent" ("eventType", "occurredAt");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "EngagementEvent_profileId_occurredAt_idx" ON "EngagementEvent" ("profileId", "occurredAt");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "EngagementEvent_titleId_occurredAt_idx" ON "EngagementEvent" ("titleId", "occurredAt");
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "PopularitySnapshot_country_type_window_key" ON "PopularitySnapshot" ("country", "type", "window");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "PopularitySnapshot_type_window_idx" ON "PopularitySnapshot" ("type", "window");
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "ProfilePreferenceSnapshot_profileId_key" ON "ProfilePreferenceSnapshot" ("profileId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "AdminAuditLog_userId_createdAt_idx" ON "AdminAuditLog" ("userId", "createdAt");
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "ProfileRecentViews_profileId_key" ON "ProfileRecentViews" ("profileId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "TitleEmbedding_model_idx" ON "TitleEmbedding" ("model");
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "TitleEmbedding_titleId_key" ON "TitleEmbedding" ("titleId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "TitleSimilarity_sourceTitleId_score_idx" ON "TitleSimilarity" ("sourceTitleId", "score");
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "TitleSimilarity_sourceTitleId_targetTitleId_key" ON "TitleSimilarity" ("sourceTitleId", "targetTitleId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "ErrorLog_createdAt_idx" ON "ErrorLog" ("createdAt");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "Season_titleId_idx" ON "Season" ("titleId");
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "Season_titleId_seasonNumber_key" ON "Season" ("titleId", "seasonNumber");
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "PpvPurchase_paystackRef_key" ON "PpvPurchase" ("paystackRef");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "ppv_purchase_title_idx" ON "PpvPurchase" ("titleId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "ppv_purchase_user_idx" ON "PpvPurchase" ("userId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "ppv_purchase_user_title_status_idx" ON "PpvPurchase" ("userId", "titleId", "status");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "ppv_violation_user_title_idx" ON "PpvViolation" ("userId", "titleId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "support_ticket_status_created_idx" ON "SupportTicket" ("status", "createdAt");
CREATE INDEX CONCURRENTLY IF NOT EXISTS "support_ticket_message_ticket_idx" ON "SupportTicketMessage" ("ticketId", "createdAt");

-- Indexes that this service adds to the shared tables.
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_event_occurred_idx ON "EngagementEvent" ("occurredAt");
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_event_profile_type_idx ON "EngagementEvent" ("profileId", "eventType", "occurredAt" DESC) INCLUDE ("titleId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_event_session_idx ON "EngagementEvent" ("sessionId") WHERE "sessionId" IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_event_episode_idx ON "EngagementEvent" ("episodeId") WHERE "episodeId" IS NOT NULL;
-- The titles of a profile in order, with the newest events of each; without the many events of a long film.
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_event_profile_title_idx ON "EngagementEvent" ("profileId", "titleId", "occurredAt" DESC, "id" DESC) INCLUDE ("eventType")
	WHERE "eventType" IN ('PLAY_END', 'SCRUB', 'THUMBS_UP') AND "titleId" IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_episode_season_idx ON "Episode" ("seasonId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_asset_version_episode_idx ON "AssetVersion" ("episodeId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_upload_job_created_idx ON "UploadJob" ("createdAt" DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_upload_job_open_idx ON "UploadJob" ("status") WHERE "status" IN ('UPLOADING', 'PROCESSING');
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_ppv_purchase_created_idx ON "PpvPurchase" ("createdAt" DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_similarity_target_idx ON "TitleSimilarity" ("targetTitleId");
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_title_genres_idx ON "Title" USING gin ("genres");
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_title_countries_idx ON "Title" USING gin ("countryAvailability");
-- Titles in the order of every list.
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_title_release_idx ON "Title" ("releaseDate" DESC NULLS LAST, "createdAt" DESC, "id" DESC)
	WHERE NOT "archived" AND NOT "pendingReview";
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_user_staff_idx ON "User" ("role") WHERE "role" <> 'USER';
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_ticket_created_idx ON "SupportTicket" ("createdAt" DESC, "id" DESC);

-- Indexes on the tables of the schema "wanzami".
CREATE INDEX CONCURRENTLY IF NOT EXISTS mail_outbox_due_idx ON wanzami.mail_outbox (next_attempt_at) WHERE sent_at IS NULL AND failed_at IS NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mail_outbox_campaign_idx ON wanzami.mail_outbox (campaign_id) WHERE campaign_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS transcode_job_queued_idx ON wanzami.transcode_job (run_after) WHERE state = 'queued';
CREATE INDEX CONCURRENTLY IF NOT EXISTS transcode_job_running_idx ON wanzami.transcode_job (lease_until) WHERE state = 'running';
CREATE INDEX CONCURRENTLY IF NOT EXISTS object_trash_due_idx ON wanzami.object_trash (delete_after);
CREATE INDEX CONCURRENTLY IF NOT EXISTS object_trash_job_idx ON wanzami.object_trash (upload_job_id) WHERE upload_job_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_run_name_started_idx ON wanzami.job_run (name, started_at DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_run_open_idx ON wanzami.job_run (name) WHERE outcome IS NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS list_cache_profile_idx ON wanzami.list_cache (profile_id) WHERE profile_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS ppv_grant_user_idx ON wanzami.ppv_grant (user_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ppv_grant_expires_idx ON wanzami.ppv_grant (expires_at);
