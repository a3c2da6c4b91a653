"""The 21 migrations of the previous service, rewritten from their effects (docs/compatibility.md#database-schema), so that a database can be
created in the state after any of them. Each step: name, SQL, and INSERT commands for a row or two."""

NOW = "TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP"


def table(name, *columns):
    return 'CREATE TABLE "%s" ("id" BIGSERIAL NOT NULL, %s, CONSTRAINT "%s_pkey" PRIMARY KEY ("id"));' % (name, ", ".join(columns), name)


def index(name, table_name, *columns, unique=False):
    return 'CREATE %s INDEX "%s" ON "%s" (%s);' % ("UNIQUE" if unique else "", name, table_name, ", ".join('"%s"' % c for c in columns))


def key(table_name, column, target, delete="CASCADE", update="CASCADE"):
    return ('ALTER TABLE "%s" ADD CONSTRAINT "%s_%s_fkey" FOREIGN KEY ("%s") REFERENCES "%s" ("id") ON DELETE %s ON UPDATE %s;'
            % (table_name, table_name, column, column, target, delete, update))


def add(table_name, *columns):
    return 'ALTER TABLE "%s" %s;' % (table_name, ", ".join("ADD COLUMN " + c for c in columns))


STEPS = [
    ("20251125091318_init",
     """CREATE TYPE "Role" AS ENUM ('USER', 'SUPER_ADMIN', 'CONTENT_MANAGER', 'BLOG_EDITOR', 'MODERATOR', 'SUPPORT', 'FINANCE', 'ANALYTICS', 'OPS');"""
     + table("User", '"email" TEXT NOT NULL', '"password" TEXT NOT NULL', '"name" TEXT NOT NULL', """"role" "Role" NOT NULL DEFAULT 'USER'""",
             '"emailVerified" BOOLEAN NOT NULL DEFAULT false', '"verificationToken" TEXT', '"verificationTokenExpires" TIMESTAMP(3)',
             '"createdAt" ' + NOW, '"updatedAt" TIMESTAMP(3) NOT NULL')
     + table("Session", '"userId" BIGINT NOT NULL', '"deviceId" TEXT NOT NULL', '"refreshToken" TEXT NOT NULL', '"userAgent" TEXT',
             '"ipAddress" TEXT', '"createdAt" ' + NOW, '"expiresAt" TIMESTAMP(3) NOT NULL')
     + table("Device", '"userId" BIGINT NOT NULL', '"deviceId" TEXT NOT NULL', '"lastSeen" ' + NOW, '"createdAt" ' + NOW)
     + index("User_email_key", "User", "email", unique=True)
     + index("User_verificationToken_key", "User", "verificationToken", unique=True)
     + index("Session_userId_deviceId_idx", "Session", "userId", "deviceId")
     + index("Device_userId_deviceId_key", "Device", "userId", "deviceId", unique=True)
     + key("Session", "userId", "User") + key("Device", "userId", "User"),
     """INSERT INTO "User" ("email", "password", "name", "updatedAt") VALUES ('ada@example.com', 'x', 'Ada', '2025-11-25 10:00:00.123');
        INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "expiresAt") VALUES (1, 'd1', 'r', '2030-01-01');
        INSERT INTO "Device" ("userId", "deviceId") VALUES (1, 'd1')"""),
    ("20251125095211_add_device_label", add("Device", '"label" TEXT'), """UPDATE "Device" SET "label" = 'TV'"""),
    ("20251125112231_add_invitation_model",
     table("Invitation", '"email" TEXT NOT NULL', '"role" "Role" NOT NULL', '"token" TEXT NOT NULL', '"expiresAt" TIMESTAMP(3) NOT NULL',
           '"acceptedAt" TIMESTAMP(3)', '"createdBy" BIGINT NOT NULL', '"createdAt" ' + NOW)
     + index("Invitation_token_key", "Invitation", "token", unique=True) + index("Invitation_email_idx", "Invitation", "email"),
     """INSERT INTO "Invitation" ("email", "role", "token", "expiresAt", "createdBy") VALUES ('i@example.com', 'OPS', 't', '2030-01-01', 99)"""),
    ("20251129090919_add_profiles_billing_devices",
     """CREATE TYPE "PaymentProvider" AS ENUM ('PAYSTACK', 'FLUTTERWAVE');"""
     + add("User", '"resetToken" TEXT', '"resetTokenExpires" TIMESTAMP(3)')
     + table("Profile", '"userId" BIGINT NOT NULL', '"name" TEXT NOT NULL', '"avatarUrl" TEXT', '"kidMode" BOOLEAN NOT NULL DEFAULT false',
             """"language" TEXT NOT NULL DEFAULT 'en'""", '"autoplay" BOOLEAN NOT NULL DEFAULT true', '"preferences" JSONB',
             '"createdAt" ' + NOW, '"updatedAt" TIMESTAMP(3) NOT NULL')
     + table("BillingAccount", '"userId" BIGINT NOT NULL', '"provider" "PaymentProvider" NOT NULL', '"providerCustomerId" TEXT', '"planCode" TEXT',
             """"status" TEXT NOT NULL DEFAULT 'inactive'""", '"billingEmail" TEXT', '"paymentMethodBrand" TEXT', '"paymentMethodLast4" TEXT',
             '"country" TEXT', '"postalCode" TEXT', '"nextPaymentAt" TIMESTAMP(3)', '"createdAt" ' + NOW, '"updatedAt" TIMESTAMP(3) NOT NULL')
     + table("DeviceProfile", '"userId" BIGINT NOT NULL', '"deviceRecordId" BIGINT NOT NULL', '"profileId" BIGINT NOT NULL', '"lastUsedAt" ' + NOW)
     + index("Profile_userId_idx", "Profile", "userId") + index("BillingAccount_userId_key", "BillingAccount", "userId", unique=True)
     + index("DeviceProfile_deviceRecordId_key", "DeviceProfile", "deviceRecordId", unique=True)
     + index("DeviceProfile_userId_profileId_idx", "DeviceProfile", "userId", "profileId")
     + key("Profile", "userId", "User") + key("BillingAccount", "userId", "User") + key("DeviceProfile", "userId", "User")
     + key("DeviceProfile", "deviceRecordId", "Device") + key("DeviceProfile", "profileId", "Profile"),
     """INSERT INTO "Profile" ("userId", "name", "updatedAt", "preferences") VALUES (1, 'Kid', '2025-11-29', '{"preferredGenres": ["Drama"]}');
        INSERT INTO "BillingAccount" ("userId", "provider", "updatedAt") VALUES (1, 'PAYSTACK', '2025-11-29');
        INSERT INTO "DeviceProfile" ("userId", "deviceRecordId", "profileId") VALUES (1, 1, 1)"""),
    ("20251129101500_add_upload_models",
     """CREATE TYPE "TitleType" AS ENUM ('MOVIE', 'SERIES');
        CREATE TYPE "Rendition" AS ENUM ('R4K', 'R2K', 'R1080', 'R720', 'R360');
        CREATE TYPE "AssetStatus" AS ENUM ('PENDING', 'PROCESSING', 'READY', 'FAILED');
        CREATE TYPE "UploadStatus" AS ENUM ('PENDING', 'UPLOADING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELED');"""
     + table("Title", '"type" "TitleType" NOT NULL', '"name" TEXT NOT NULL', '"description" TEXT', '"releaseDate" TIMESTAMP(3)', '"posterUrl" TEXT',
             '"createdAt" ' + NOW, '"updatedAt" ' + NOW)
     + table("Episode", '"titleId" BIGINT NOT NULL', '"seasonNumber" INTEGER NOT NULL', '"episodeNumber" INTEGER NOT NULL', '"name" TEXT NOT NULL',
             '"synopsis" TEXT', '"createdAt" ' + NOW, '"updatedAt" ' + NOW)
     + table("AssetVersion", '"titleId" BIGINT', '"episodeId" BIGINT', '"rendition" "Rendition" NOT NULL', '"url" TEXT', '"sizeBytes" BIGINT',
             '"durationSec" INTEGER', """"status" "AssetStatus" NOT NULL DEFAULT 'PENDING'""", '"createdAt" ' + NOW, '"updatedAt" ' + NOW)
     + table("UploadJob", '"titleId" BIGINT', '"episodeId" BIGINT', """"status" "UploadStatus" NOT NULL DEFAULT 'PENDING'""",
             '"bytesUploaded" BIGINT NOT NULL DEFAULT 0', '"bytesTotal" BIGINT', '"error" TEXT', '"payload" JSONB', '"createdAt" ' + NOW, '"updatedAt" ' + NOW)
     + index("Episode_title_season_episode_idx", "Episode", "titleId", "seasonNumber", "episodeNumber")
     + index("AssetVersion_title_episode_idx", "AssetVersion", "titleId", "episodeId")
     + index("AssetVersion_title_episode_rendition_key", "AssetVersion", "titleId", "episodeId", "rendition", unique=True)
     + index("UploadJob_title_episode_status_idx", "UploadJob", "titleId", "episodeId", "status")
     + key("Episode", "titleId", "Title") + key("AssetVersion", "titleId", "Title") + key("AssetVersion", "episodeId", "Episode")
     + key("UploadJob", "titleId", "Title") + key("UploadJob", "episodeId", "Episode"),
     """INSERT INTO "Title" ("type", "name") VALUES ('MOVIE', 'Lagos'), ('SERIES', 'Market');
        INSERT INTO "Episode" ("titleId", "seasonNumber", "episodeNumber", "name") VALUES (2, 1, 1, 'Pilot');
        INSERT INTO "AssetVersion" ("titleId", "rendition", "status") VALUES (1, 'R720', 'READY'), (1, 'R720', 'READY');
        INSERT INTO "UploadJob" ("titleId", "payload") VALUES (1, '{"renditions": ["R720"]}')"""),
    ("20251129185000_add_title_assets", add("Title", '"thumbnailUrl" TEXT', '"trailerUrl" TEXT'), """UPDATE "Title" SET "trailerUrl" = 's3://b/k' WHERE "id" = 1"""),
    ("20251129191000_add_title_archived", add("Title", '"archived" BOOLEAN DEFAULT false'), """UPDATE "Title" SET "archived" = NULL WHERE "id" = 2"""),
    ("20251203151355_add_engagement_events",
     """CREATE TYPE "EventType" AS ENUM ('PLAY_START', 'PLAY_END', 'SCRUB', 'SKIP', 'SEARCH', 'ADD_TO_LIST', 'THUMBS_UP', 'THUMBS_DOWN', 'IMPRESSION');
        UPDATE "Title" SET "archived" = false WHERE "archived" IS NULL;
        ALTER TABLE "Title" ALTER COLUMN "archived" SET NOT NULL, ALTER COLUMN "updatedAt" DROP DEFAULT;
        ALTER TABLE "Episode" ALTER COLUMN "updatedAt" DROP DEFAULT;
        ALTER TABLE "AssetVersion" ALTER COLUMN "updatedAt" DROP DEFAULT;
        ALTER TABLE "UploadJob" ALTER COLUMN "updatedAt" DROP DEFAULT;
        ALTER INDEX "Episode_title_season_episode_idx" RENAME TO "Episode_titleId_seasonNumber_episodeNumber_idx";
        ALTER INDEX "AssetVersion_title_episode_idx" RENAME TO "AssetVersion_titleId_episodeId_idx";
        ALTER INDEX "AssetVersion_title_episode_rendition_key" RENAME TO "AssetVersion_titleId_episodeId_rendition_key";
        ALTER INDEX "UploadJob_title_episode_status_idx" RENAME TO "UploadJob_titleId_episodeId_status_idx";"""
     + add("Title", '"cast" TEXT[] DEFAULT ARRAY[]::TEXT[]', '"countryAvailability" TEXT[] DEFAULT ARRAY[]::TEXT[]', '"crew" TEXT[] DEFAULT ARRAY[]::TEXT[]',
           '"genres" TEXT[] DEFAULT ARRAY[]::TEXT[]', '"isOriginal" BOOLEAN NOT NULL DEFAULT false', """"language" TEXT DEFAULT 'en'""",
           '"maturityRating" TEXT', '"runtimeMinutes" INTEGER')
     + add("Episode", '"runtimeMinutes" INTEGER')
     + table("EngagementEvent", '"profileId" BIGINT', '"titleId" BIGINT', '"episodeId" BIGINT', '"sessionId" BIGINT', '"eventType" "EventType" NOT NULL',
             '"occurredAt" ' + NOW, '"country" TEXT', '"deviceId" TEXT', '"metadata" JSONB', '"createdAt" ' + NOW)
     + index("EngagementEvent_profileId_occurredAt_idx", "EngagementEvent", "profileId", "occurredAt")
     + index("EngagementEvent_titleId_occurredAt_idx", "EngagementEvent", "titleId", "occurredAt")
     + index("EngagementEvent_eventType_occurredAt_idx", "EngagementEvent", "eventType", "occurredAt")
     + "".join(key("EngagementEvent", c, t, "SET NULL") for c, t in (("profileId", "Profile"), ("titleId", "Title"), ("episodeId", "Episode"), ("sessionId", "Session"))),
     """INSERT INTO "EngagementEvent" ("profileId", "titleId", "eventType", "metadata") VALUES (1, 1, 'PLAY_START', '{"at": 1}')"""),
    ("20251203160837_add_popularity_snapshot",
     """CREATE TYPE "PopularityWindow" AS ENUM ('DAILY', 'TRENDING');"""
     + table("PopularitySnapshot", """"country" TEXT NOT NULL DEFAULT 'unknown'""", '"type" "TitleType" NOT NULL', '"window" "PopularityWindow" NOT NULL',
             '"computedAt" ' + NOW, '"items" JSONB NOT NULL')
     + index("PopularitySnapshot_type_window_idx", "PopularitySnapshot", "type", "window")
     + index("PopularitySnapshot_country_type_window_key", "PopularitySnapshot", "country", "type", "window", unique=True),
     """INSERT INTO "PopularitySnapshot" ("type", "window", "items") VALUES ('MOVIE', 'DAILY', '[]')"""),
    ("20251203161325_add_profile_country", add("Profile", """"country" TEXT NOT NULL DEFAULT 'UNKNOWN'"""), """UPDATE "Profile" SET "country" = 'NG'"""),
    ("20251203170039_add_profile_pref_snapshot",
     table("ProfilePreferenceSnapshot", '"profileId" BIGINT NOT NULL', '"genres" TEXT[] DEFAULT ARRAY[]::TEXT[]', '"computedAt" ' + NOW)
     + index("ProfilePreferenceSnapshot_profileId_key", "ProfilePreferenceSnapshot", "profileId", unique=True) + key("ProfilePreferenceSnapshot", "profileId", "Profile"),
     """INSERT INTO "ProfilePreferenceSnapshot" ("profileId", "genres") VALUES (1, '{Drama}')"""),
    ("20251203170500_add_profile_birthyear", add("Profile", '"birthYear" INTEGER'), """UPDATE "Profile" SET "birthYear" = 2015"""),
    ("20251203171541_add_admin_audit_log",
     table("AdminAuditLog", '"userId" BIGINT', '"action" TEXT NOT NULL', '"resource" TEXT NOT NULL', '"detail" JSONB', '"createdAt" ' + NOW)
     + index("AdminAuditLog_userId_createdAt_idx", "AdminAuditLog", "userId", "createdAt") + key("AdminAuditLog", "userId", "User", "SET NULL"),
     """INSERT INTO "AdminAuditLog" ("userId", "action", "resource") VALUES (1, 'CREATE', 'title')"""),
    ("20251203172612_add_profile_recent_views",
     table("ProfileRecentViews", '"profileId" BIGINT NOT NULL', '"titleIds" BIGINT[] DEFAULT ARRAY[]::BIGINT[]', '"updatedAt" TIMESTAMP(3) NOT NULL', '"computedAt" ' + NOW)
     + index("ProfileRecentViews_profileId_key", "ProfileRecentViews", "profileId", unique=True) + key("ProfileRecentViews", "profileId", "Profile"),
     """INSERT INTO "ProfileRecentViews" ("profileId", "titleIds", "updatedAt") VALUES (1, '{1,2}', '2025-12-03')"""),
    ("20251203175539_add_title_embeddings_similarity",
     table("TitleEmbedding", '"titleId" BIGINT NOT NULL', '"model" TEXT NOT NULL', '"embedding" JSONB NOT NULL', '"createdAt" ' + NOW, '"updatedAt" TIMESTAMP(3) NOT NULL')
     + table("TitleSimilarity", '"sourceTitleId" BIGINT NOT NULL', '"targetTitleId" BIGINT NOT NULL', '"score" DOUBLE PRECISION NOT NULL',
             """"rationale" TEXT NOT NULL DEFAULT 'co_watch'""", '"createdAt" ' + NOW)
     + index("TitleEmbedding_titleId_key", "TitleEmbedding", "titleId", unique=True) + index("TitleEmbedding_model_idx", "TitleEmbedding", "model")
     + index("TitleSimilarity_sourceTitleId_score_idx", "TitleSimilarity", "sourceTitleId", "score")
     + index("TitleSimilarity_sourceTitleId_targetTitleId_key", "TitleSimilarity", "sourceTitleId", "targetTitleId", unique=True)
     + key("TitleEmbedding", "titleId", "Title") + key("TitleSimilarity", "sourceTitleId", "Title") + key("TitleSimilarity", "targetTitleId", "Title"),
     """INSERT INTO "TitleSimilarity" ("sourceTitleId", "targetTitleId", "score") VALUES (1, 2, 0.5)"""),
    ("20251210120000_add_pending_review", add("Title", '"pendingReview" BOOLEAN NOT NULL DEFAULT false') + add("Episode", '"pendingReview" BOOLEAN NOT NULL DEFAULT false'),
     """UPDATE "Title" SET "pendingReview" = true WHERE "id" = 2"""),
    ("20251210153000_add_error_log",
     table("ErrorLog", """"level" TEXT NOT NULL DEFAULT 'ERROR'""", '"message" TEXT NOT NULL', '"stack" TEXT', '"path" TEXT', '"context" JSONB', '"userId" BIGINT',
           '"createdAt" TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP') + index("ErrorLog_createdAt_idx", "ErrorLog", "createdAt"),
     """INSERT INTO "ErrorLog" ("message", "createdAt") VALUES ('boom', '2025-12-10 16:00:00.123456')"""),
    ("20251213145330_add_preview_assets",
     add("Title", '"previewSpriteUrl" TEXT', '"previewVttUrl" TEXT') + add("Episode", '"previewSpriteUrl" TEXT', '"previewVttUrl" TEXT')
     + 'ALTER TABLE "ErrorLog" ALTER COLUMN "createdAt" TYPE TIMESTAMP(3);', """UPDATE "Title" SET "previewVttUrl" = 'v'"""),
    ("20251214100000_add_seasons_intro_markers",
     add("Title", '"introStartSec" INTEGER', '"introEndSec" INTEGER') + add("Episode", '"introStartSec" INTEGER', '"introEndSec" INTEGER', '"seasonId" BIGINT')
     + table("Season", '"titleId" BIGINT NOT NULL', '"seasonNumber" INTEGER NOT NULL', '"name" TEXT', '"description" TEXT', '"releaseDate" TIMESTAMP(3)', '"status" TEXT',
             '"posterUrl" TEXT', '"thumbnailUrl" TEXT', '"previewSpriteUrl" TEXT', '"previewVttUrl" TEXT', '"createdAt" ' + NOW, '"updatedAt" ' + NOW)
     + index("Season_titleId_seasonNumber_key", "Season", "titleId", "seasonNumber", unique=True) + index("Season_titleId_idx", "Season", "titleId")
     + key("Season", "titleId", "Title") + key("Episode", "seasonId", "Season"),
     """INSERT INTO "Season" ("titleId", "seasonNumber") VALUES (2, 1); UPDATE "Episode" SET "seasonId" = 1"""),
    ("20251222113000_add_ppv",
     """CREATE TYPE "PpvPurchaseStatus" AS ENUM ('PENDING', 'SUCCESS', 'FAILED', 'CANCELLED');"""
     + add("User", '"ppvStrikeCount" INTEGER NOT NULL DEFAULT 0', '"ppvLastStrikeAt" TIMESTAMP(3)', '"ppvBanned" BOOLEAN NOT NULL DEFAULT FALSE')
     + add("Title", '"isPpv" BOOLEAN NOT NULL DEFAULT FALSE', '"ppvPriceNaira" INTEGER', """"ppvCurrency" TEXT NOT NULL DEFAULT 'NGN'""", '"ppvDescription" TEXT')
     + table("PpvPurchase", '"userId" BIGINT NOT NULL', '"titleId" BIGINT NOT NULL', '"amountNaira" INTEGER NOT NULL', """"currency" TEXT NOT NULL DEFAULT 'NGN'""",
             """"gateway" TEXT NOT NULL DEFAULT 'PAYSTACK'""", '"paystackRef" TEXT NOT NULL', '"paystackTrxId" TEXT', """"status" "PpvPurchaseStatus" NOT NULL DEFAULT 'PENDING'""",
             '"rawPayload" JSONB', '"accessExpiresAt" TIMESTAMP(3)', '"createdAt" TIMESTAMP(3) NOT NULL DEFAULT NOW()', '"updatedAt" TIMESTAMP(3) NOT NULL DEFAULT NOW()',
             'CONSTRAINT "PpvPurchase_paystackRef_key" UNIQUE ("paystackRef")')
     + table("PpvViolation", '"userId" BIGINT NOT NULL', '"titleId" BIGINT NOT NULL', '"path" TEXT', '"ipAddress" TEXT', '"userAgent" TEXT',
             '"createdAt" TIMESTAMP(3) NOT NULL DEFAULT NOW()')
     + index("ppv_purchase_user_idx", "PpvPurchase", "userId") + index("ppv_purchase_title_idx", "PpvPurchase", "titleId")
     + index("ppv_purchase_user_title_status_idx", "PpvPurchase", "userId", "titleId", "status") + index("ppv_violation_user_title_idx", "PpvViolation", "userId", "titleId")
     + "".join(key(t, c, r, "CASCADE", "NO ACTION") for t in ("PpvPurchase", "PpvViolation") for c, r in (("userId", "User"), ("titleId", "Title"))),
     """INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef") VALUES (1, 1, 3000, 'PPV-1')"""),
    ("20260108093000_add_support_tickets",
     """CREATE TYPE "SupportTicketStatus" AS ENUM ('OPEN', 'IN_PROGRESS', 'RESOLVED', 'CLOSED');"""
     + table("SupportTicket", '"userId" BIGINT', '"email" TEXT NOT NULL', '"subject" TEXT NOT NULL', '"message" TEXT NOT NULL',
             """"status" "SupportTicketStatus" NOT NULL DEFAULT 'OPEN'""", """"priority" TEXT NOT NULL DEFAULT 'normal'""", """"source" TEXT NOT NULL DEFAULT 'web'""",
             '"createdAt" TIMESTAMP(3) NOT NULL DEFAULT NOW()', '"updatedAt" TIMESTAMP(3) NOT NULL DEFAULT NOW()', '"lastReplyAt" TIMESTAMP(3)')
     + table("SupportTicketMessage", '"ticketId" BIGINT NOT NULL', '"userId" BIGINT', '"isAdmin" BOOLEAN NOT NULL DEFAULT FALSE', '"message" TEXT NOT NULL',
             '"createdAt" TIMESTAMP(3) NOT NULL DEFAULT NOW()')
     + index("support_ticket_status_created_idx", "SupportTicket", "status", "createdAt")
     + index("support_ticket_message_ticket_idx", "SupportTicketMessage", "ticketId", "createdAt")
     + key("SupportTicket", "userId", "User", "SET NULL", "NO ACTION") + key("SupportTicketMessage", "ticketId", "SupportTicket", "CASCADE", "NO ACTION")
     + key("SupportTicketMessage", "userId", "User", "SET NULL", "NO ACTION"),
     """INSERT INTO "SupportTicket" ("userId", "email", "subject", "message") VALUES (1, 'ada@example.com', 's', 'm')"""),
]

RECORD = """CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0)"""


def build(db, count, record=True):
    """Creates the database in the state after the first `count` steps, with the rows of each step inserted directly after it."""
    with db.cursor() as c:
        if record:
            c.execute(RECORD)
        for name, change, data in STEPS[:count]:
            c.execute(change)
            c.execute(data)
            if record:
                c.execute("INSERT INTO _prisma_migrations VALUES (gen_random_uuid()::text, 'of the files of that time', now(), %s, NULL, NULL, now(), 1)", (name,))
