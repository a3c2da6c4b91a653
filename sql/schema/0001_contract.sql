-- The database of the contract (media §15): created on an empty database, completed on one that already holds some or
-- all of it. Every step is a no-op where its effect exists; no row is touched but to fill what a column requires.

CREATE FUNCTION pg_temp.ensure_enum(name text, labels text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE label text;
BEGIN
	IF to_regtype(quote_ident(name)) IS NULL THEN
		EXECUTE format('CREATE TYPE %I AS ENUM (%s)', name, (SELECT string_agg(quote_literal(l), ', ' ORDER BY n) FROM unnest(labels) WITH ORDINALITY u(l, n)));
	ELSE
		FOREACH label IN ARRAY labels LOOP
			EXECUTE format('ALTER TYPE %I ADD VALUE IF NOT EXISTS %L', name, label);
		END LOOP;
	END IF;
END $$;

-- The names of the columns of an index or constraint, in its order.
CREATE FUNCTION pg_temp.column_names(relation oid, numbers int2[]) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(a.attname::text ORDER BY n) FROM unnest(numbers) WITH ORDINALITY u(num, n)
	JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = u.num
$$;

-- An index over exactly these columns counts whatever its name; one under the short name of an early migration is renamed.
CREATE FUNCTION pg_temp.ensure_index(tbl text, name text, is_unique boolean, cols text[], old_name text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE found_name text;
BEGIN
	SELECT c.relname INTO found_name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
	WHERE i.indrelid = quote_ident(tbl)::regclass AND i.indisunique = is_unique AND i.indpred IS NULL AND i.indexprs IS NULL
	AND pg_temp.column_names(i.indrelid, i.indkey::int2[]) = cols
	ORDER BY c.relname = name DESC LIMIT 1;
	IF found_name IS NULL THEN
		EXECUTE format('CREATE %s INDEX %I ON %I (%s)', CASE WHEN is_unique THEN 'UNIQUE' ELSE '' END, name, tbl,
		    (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(cols) WITH ORDINALITY u(c, n)));
	ELSIF found_name = old_name THEN
		EXECUTE format('ALTER INDEX %I RENAME TO %I', found_name, name);
	END IF;
END $$;

CREATE FUNCTION pg_temp.ensure_fk(tbl text, col text, target text, on_delete text, on_update text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE contype = 'f' AND conrelid = quote_ident(tbl)::regclass
	    AND confrelid = quote_ident(target)::regclass AND pg_temp.column_names(conrelid, conkey) = ARRAY[col]) THEN
		EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES %I ("id") ON DELETE %s ON UPDATE %s NOT VALID',
		    tbl, tbl || '_' || col || '_fkey', col, target, on_delete, on_update);
		EXECUTE format('ALTER TABLE %I VALIDATE CONSTRAINT %I', tbl, tbl || '_' || col || '_fkey');
	END IF;
END $$;

-- Whether this database was empty when we came.
CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS SELECT to_regclass('"User"') IS NULL AND to_regclass('_prisma_migrations') IS NULL AS yes;

SELECT pg_temp.ensure_enum('Role', ARRAY['USER', 'SUPER_ADMIN', 'CONTENT_MANAGER', 'BLOG_EDITOR', 'MODERATOR', 'SUPPORT', 'FINANCE', 'ANALYTICS', 'OPS']);
SELECT pg_temp.ensure_enum('PaymentProvider', ARRAY['PAYSTACK', 'FLUTTERWAVE']);
SELECT pg_temp.ensure_enum('TitleType', ARRAY['MOVIE', 'SERIES']);
SELECT pg_temp.ensure_enum('Rendition', ARRAY['R4K', 'R2K', 'R1080', 'R720', 'R360']);
SELECT pg_temp.ensure_enum('AssetStatus', ARRAY['PENDING', 'PROCESSING', 'READY', 'FAILED']);
SELECT pg_temp.ensure_enum('UploadStatus', ARRAY['PENDING', 'UPLOADING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELED']);
SELECT pg_temp.ensure_enum('EventType', ARRAY['PLAY_START', 'PLAY_END', 'SCRUB', 'SKIP', 'SEARCH', 'ADD_TO_LIST', 'THUMBS_UP', 'THUMBS_DOWN', 'IMPRESSION']);
SELECT pg_temp.ensure_enum('PopularityWindow', ARRAY['DAILY', 'TRENDING']);
SELECT pg_temp.ensure_enum('PpvPurchaseStatus', ARRAY['PENDING', 'SUCCESS', 'FAILED', 'CANCELLED']);
SELECT pg_temp.ensure_enum('SupportTicketStatus', ARRAY['OPEN', 'IN_PROGRESS', 'RESOLVED', 'CLOSED']);

CREATE TABLE IF NOT EXISTS "User" (
	"id" BIGSERIAL NOT NULL,
	"email" TEXT NOT NULL,
	"password" TEXT NOT NULL,
	"name" TEXT NOT NULL,
	"role" "Role" NOT NULL DEFAULT 'USER',
	"emailVerified" BOOLEAN NOT NULL DEFAULT false,
	"verificationToken" TEXT,
	"verificationTokenExpires" TIMESTAMP(3),
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"updatedAt" TIMESTAMP(3) NOT NULL,
	"resetToken" TEXT,
	"resetTokenExpires" TIMESTAMP(3),
	"ppvStrikeCount" INTEGER NOT NULL DEFAULT 0,
	"ppvLastStrikeAt" TIMESTAMP(3),
	"ppvBanned" BOOLEAN NOT NULL DEFAULT false,
	CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "Session" (
	"id" BIGSERIAL NOT NULL,
	"userId" BIGINT NOT NULL,
	"deviceId" TEXT NOT NULL,
	"refreshToken" TEXT NOT NULL,
	"userAgent" TEXT,
	"ipAddress" TEXT,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"expiresAt" TIMESTAMP(3) NOT NULL,
	CONSTRAINT "Session_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "Device" (
	"id" BIGSERIAL NOT NULL,
	"userId" BIGINT NOT NULL,
	"deviceId" TEXT NOT NULL,
	"lastSeen" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"label" TEXT,
	CONSTRAINT "Device_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "Invitation" (
	"id" BIGSERIAL NOT NULL,
	"email" TEXT NOT NULL,
	"role" "Role" NOT NULL,
	"token" TEXT NOT NULL,
	"expiresAt" TIMESTAMP(3) NOT NULL,
	"acceptedAt" TIMESTAMP(3),
	"createdBy" BIGINT NOT NULL,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "Invitation_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "Profile" (
	"id" BIGSERIAL NOT NULL,
	"userId" BIGINT NOT NULL,
	"name" TEXT NOT NULL,
	"avatarUrl" TEXT,
	"kidMode" BOOLEAN NOT NULL DEFAULT false,
	"language" TEXT NOT NULL DEFAULT 'en',
	"autoplay" BOOLEAN NOT NULL DEFAULT true,
	"preferences" JSONB,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"updatedAt" TIMESTAMP(3) NOT NULL,
	"country" TEXT NOT NULL DEFAULT 'UNKNOWN',
	"birthYear" INTEGER,
	CONSTRAINT "Profile_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "BillingAccount" (
	"id" BIGSERIAL NOT NULL,
	"userId" BIGINT NOT NULL,
	"provider" "PaymentProvider" NOT NULL,
	"providerCustomerId" TEXT,
	"planCode" TEXT,
	"status" TEXT NOT NULL DEFAULT 'inactive',
	"billingEmail" TEXT,
	"paymentMethodBrand" TEXT,
	"paymentMethodLast4" TEXT,
	"country" TEXT,
	"postalCode" TEXT,
	"nextPaymentAt" TIMESTAMP(3),
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"updatedAt" TIMESTAMP(3) NOT NULL,
	CONSTRAINT "BillingAccount_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "DeviceProfile" (
	"id" BIGSERIAL NOT NULL,
	"userId" BIGINT NOT NULL,
	"deviceRecordId" BIGINT NOT NULL,
	"profileId" BIGINT NOT NULL,
	"lastUsedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "DeviceProfile_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "Title" (
	"id" BIGSERIAL NOT NULL,
	"type" "TitleType" NOT NULL,
	"name" TEXT NOT NULL,
	"description" TEXT,
	"releaseDate" TIMESTAMP(3),
	"posterUrl" TEXT,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"updatedAt" TIMESTAMP(3) NOT NULL,
	"thumbnailUrl" TEXT,
	"trailerUrl" TEXT,
	"archived" BOOLEAN NOT NULL DEFAULT false,
	"cast" TEXT[] DEFAULT ARRAY[]::TEXT[],
	"countryAvailability" TEXT[] DEFAULT ARRAY[]::TEXT[],
	"crew" TEXT[] DEFAULT ARRAY[]::TEXT[],
	"genres" TEXT[] DEFAULT ARRAY[]::TEXT[],
	"isOriginal" BOOLEAN NOT NULL DEFAULT false,
	"language" TEXT DEFAULT 'en',
	"maturityRating" TEXT,
	"runtimeMinutes" INTEGER,
	"pendingReview" BOOLEAN NOT NULL DEFAULT false,
	"previewSpriteUrl" TEXT,
	"previewVttUrl" TEXT,
	"introStartSec" INTEGER,
	"introEndSec" INTEGER,
	"isPpv" BOOLEAN NOT NULL DEFAULT false,
	"ppvPriceNaira" INTEGER,
	"ppvCurrency" TEXT NOT NULL DEFAULT 'NGN',
	"ppvDescription" TEXT,
	CONSTRAINT "Title_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "Episode" (
	"id" BIGSERIAL NOT NULL,
	"titleId" BIGINT NOT NULL,
	"seasonNumber" INTEGER NOT NULL,
	"episodeNumber" INTEGER NOT NULL,
	"name" TEXT NOT NULL,
	"synopsis" TEXT,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"updatedAt" TIMESTAMP(3) NOT NULL,
	"runtimeMinutes" INTEGER,
	"pendingReview" BOOLEAN NOT NULL DEFAULT false,
	"previewSpriteUrl" TEXT,
	"previewVttUrl" TEXT,
	"introStartSec" INTEGER,
	"introEndSec" INTEGER,
	"seasonId" BIGINT,
	CONSTRAINT "Episode_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "AssetVersion" (
	"id" BIGSERIAL NOT NULL,
	"titleId" BIGINT,
	"episodeId" BIGINT,
	"rendition" "Rendition" NOT NULL,
	"url" TEXT,
	"sizeBytes" BIGINT,
	"durationSec" INTEGER,
	"status" "AssetStatus" NOT NULL DEFAULT 'PENDING',
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"updatedAt" TIMESTAMP(3) NOT NULL,
	CONSTRAINT "AssetVersion_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "UploadJob" (
	"id" BIGSERIAL NOT NULL,
	"titleId" BIGINT,
	"episodeId" BIGINT,
	"status" "UploadStatus" NOT NULL DEFAULT 'PENDING',
	"bytesUploaded" BIGINT NOT NULL DEFAULT 0,
	"bytesTotal" BIGINT,
	"error" TEXT,
	"payload" JSONB,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"updatedAt" TIMESTAMP(3) NOT NULL,
	CONSTRAINT "UploadJob_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "EngagementEvent" (
	"id" BIGSERIAL NOT NULL,
	"profileId" BIGINT,
	"titleId" BIGINT,
	"episodeId" BIGINT,
	"sessionId" BIGINT,
	"eventType" "EventType" NOT NULL,
	"occurredAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"country" TEXT,
	"deviceId" TEXT,
	"metadata" JSONB,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "EngagementEvent_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "PopularitySnapshot" (
	"id" BIGSERIAL NOT NULL,
	"country" TEXT NOT NULL DEFAULT 'unknown',
	"type" "TitleType" NOT NULL,
	"window" "PopularityWindow" NOT NULL,
	"computedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"items" JSONB NOT NULL,
	CONSTRAINT "PopularitySnapshot_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "ProfilePreferenceSnapshot" (
	"id" BIGSERIAL NOT NULL,
	"profileId" BIGINT NOT NULL,
	"genres" TEXT[] DEFAULT ARRAY[]::TEXT[],
	"computedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "ProfilePreferenceSnapshot_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "AdminAuditLog" (
	"id" BIGSERIAL NOT NULL,
	"userId" BIGINT,
	"action" TEXT NOT NULL,
	"resource" TEXT NOT NULL,
	"detail" JSONB,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "AdminAuditLog_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "ProfileRecentViews" (
	"id" BIGSERIAL NOT NULL,
	"profileId" BIGINT NOT NULL,
	"titleIds" BIGINT[] DEFAULT ARRAY[]::BIGINT[],
	"updatedAt" TIMESTAMP(3) NOT NULL,
	"computedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "ProfileRecentViews_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "TitleEmbedding" (
	"id" BIGSERIAL NOT NULL,
	"titleId" BIGINT NOT NULL,
	"model" TEXT NOT NULL,
	"embedding" JSONB NOT NULL,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"updatedAt" TIMESTAMP(3) NOT NULL,
	CONSTRAINT "TitleEmbedding_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "TitleSimilarity" (
	"id" BIGSERIAL NOT NULL,
	"sourceTitleId" BIGINT NOT NULL,
	"targetTitleId" BIGINT NOT NULL,
	"score" DOUBLE PRECISION NOT NULL,
	"rationale" TEXT NOT NULL DEFAULT 'co_watch',
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "TitleSimilarity_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "ErrorLog" (
	"id" BIGSERIAL NOT NULL,
	"level" TEXT NOT NULL DEFAULT 'ERROR',
	"message" TEXT NOT NULL,
	"stack" TEXT,
	"path" TEXT,
	"context" JSONB,
	"userId" BIGINT,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "ErrorLog_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "Season" (
	"id" BIGSERIAL NOT NULL,
	"titleId" BIGINT NOT NULL,
	"seasonNumber" INTEGER NOT NULL,
	"name" TEXT,
	"description" TEXT,
	"releaseDate" TIMESTAMP(3),
	"status" TEXT,
	"posterUrl" TEXT,
	"thumbnailUrl" TEXT,
	"previewSpriteUrl" TEXT,
	"previewVttUrl" TEXT,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "Season_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "PpvPurchase" (
	"id" BIGSERIAL NOT NULL,
	"userId" BIGINT NOT NULL,
	"titleId" BIGINT NOT NULL,
	"amountNaira" INTEGER NOT NULL,
	"currency" TEXT NOT NULL DEFAULT 'NGN',
	"gateway" TEXT NOT NULL DEFAULT 'PAYSTACK',
	"paystackRef" TEXT NOT NULL,
	"paystackTrxId" TEXT,
	"status" "PpvPurchaseStatus" NOT NULL DEFAULT 'PENDING',
	"rawPayload" JSONB,
	"accessExpiresAt" TIMESTAMP(3),
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT now(),
	"updatedAt" TIMESTAMP(3) NOT NULL DEFAULT now(),
	CONSTRAINT "PpvPurchase_paystackRef_key" UNIQUE ("paystackRef"),
	CONSTRAINT "PpvPurchase_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "PpvViolation" (
	"id" BIGSERIAL NOT NULL,
	"userId" BIGINT NOT NULL,
	"titleId" BIGINT NOT NULL,
	"path" TEXT,
	"ipAddress" TEXT,
	"userAgent" TEXT,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT now(),
	CONSTRAINT "PpvViolation_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "SupportTicket" (
	"id" BIGSERIAL NOT NULL,
	"userId" BIGINT,
	"email" TEXT NOT NULL,
	"subject" TEXT NOT NULL,
	"message" TEXT NOT NULL,
	"status" "SupportTicketStatus" NOT NULL DEFAULT 'OPEN',
	"priority" TEXT NOT NULL DEFAULT 'normal',
	"source" TEXT NOT NULL DEFAULT 'web',
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT now(),
	"updatedAt" TIMESTAMP(3) NOT NULL DEFAULT now(),
	"lastReplyAt" TIMESTAMP(3),
	CONSTRAINT "SupportTicket_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "SupportTicketMessage" (
	"id" BIGSERIAL NOT NULL,
	"ticketId" BIGINT NOT NULL,
	"userId" BIGINT,
	"isAdmin" BOOLEAN NOT NULL DEFAULT false,
	"message" TEXT NOT NULL,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT now(),
	CONSTRAINT "SupportTicketMessage_pkey" PRIMARY KEY ("id")
);

-- Columns that a database stopped at an earlier migration lacks.
ALTER TABLE "User"
	ADD COLUMN IF NOT EXISTS "role" "Role" NOT NULL DEFAULT 'USER',
	ADD COLUMN IF NOT EXISTS "emailVerified" BOOLEAN NOT NULL DEFAULT false,
	ADD COLUMN IF NOT EXISTS "verificationToken" TEXT,
	ADD COLUMN IF NOT EXISTS "verificationTokenExpires" TIMESTAMP(3),
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "resetToken" TEXT,
	ADD COLUMN IF NOT EXISTS "resetTokenExpires" TIMESTAMP(3),
	ADD COLUMN IF NOT EXISTS "ppvStrikeCount" INTEGER NOT NULL DEFAULT 0,
	ADD COLUMN IF NOT EXISTS "ppvLastStrikeAt" TIMESTAMP(3),
	ADD COLUMN IF NOT EXISTS "ppvBanned" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "User" ALTER COLUMN "updatedAt" DROP DEFAULT;
ALTER TABLE "Session"
	ADD COLUMN IF NOT EXISTS "userAgent" TEXT,
	ADD COLUMN IF NOT EXISTS "ipAddress" TEXT,
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "Device"
	ADD COLUMN IF NOT EXISTS "lastSeen" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "label" TEXT;
ALTER TABLE "Invitation"
	ADD COLUMN IF NOT EXISTS "acceptedAt" TIMESTAMP(3),
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "Profile"
	ADD COLUMN IF NOT EXISTS "avatarUrl" TEXT,
	ADD COLUMN IF NOT EXISTS "kidMode" BOOLEAN NOT NULL DEFAULT false,
	ADD COLUMN IF NOT EXISTS "language" TEXT NOT NULL DEFAULT 'en',
	ADD COLUMN IF NOT EXISTS "autoplay" BOOLEAN NOT NULL DEFAULT true,
	ADD COLUMN IF NOT EXISTS "preferences" JSONB,
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "country" TEXT NOT NULL DEFAULT 'UNKNOWN',
	ADD COLUMN IF NOT EXISTS "birthYear" INTEGER;
ALTER TABLE "Profile" ALTER COLUMN "updatedAt" DROP DEFAULT;
ALTER TABLE "BillingAccount"
	ADD COLUMN IF NOT EXISTS "providerCustomerId" TEXT,
	ADD COLUMN IF NOT EXISTS "planCode" TEXT,
	ADD COLUMN IF NOT EXISTS "status" TEXT NOT NULL DEFAULT 'inactive',
	ADD COLUMN IF NOT EXISTS "billingEmail" TEXT,
	ADD COLUMN IF NOT EXISTS "paymentMethodBrand" TEXT,
	ADD COLUMN IF NOT EXISTS "paymentMethodLast4" TEXT,
	ADD COLUMN IF NOT EXISTS "country" TEXT,
	ADD COLUMN IF NOT EXISTS "postalCode" TEXT,
	ADD COLUMN IF NOT EXISTS "nextPaymentAt" TIMESTAMP(3),
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "BillingAccount" ALTER COLUMN "updatedAt" DROP DEFAULT;
ALTER TABLE "DeviceProfile"
	ADD COLUMN IF NOT EXISTS "lastUsedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "Title"
	ADD COLUMN IF NOT EXISTS "description" TEXT,
	ADD COLUMN IF NOT EXISTS "releaseDate" TIMESTAMP(3),
	ADD COLUMN IF NOT EXISTS "posterUrl" TEXT,
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "thumbnailUrl" TEXT,
	ADD COLUMN IF NOT EXISTS "trailerUrl" TEXT,
	ADD COLUMN IF NOT EXISTS "archived" BOOLEAN NOT NULL DEFAULT false,
	ADD COLUMN IF NOT EXISTS "cast" TEXT[] DEFAULT ARRAY[]::TEXT[],
	ADD COLUMN IF NOT EXISTS "countryAvailability" TEXT[] DEFAULT ARRAY[]::TEXT[],
	ADD COLUMN IF NOT EXISTS "crew" TEXT[] DEFAULT ARRAY[]::TEXT[],
	ADD COLUMN IF NOT EXISTS "genres" TEXT[] DEFAULT ARRAY[]::TEXT[],
	ADD COLUMN IF NOT EXISTS "isOriginal" BOOLEAN NOT NULL DEFAULT false,
	ADD COLUMN IF NOT EXISTS "language" TEXT DEFAULT 'en',
	ADD COLUMN IF NOT EXISTS "maturityRating" TEXT,
	ADD COLUMN IF NOT EXISTS "runtimeMinutes" INTEGER,
	ADD COLUMN IF NOT EXISTS "pendingReview" BOOLEAN NOT NULL DEFAULT false,
	ADD COLUMN IF NOT EXISTS "previewSpriteUrl" TEXT,
	ADD COLUMN IF NOT EXISTS "previewVttUrl" TEXT,
	ADD COLUMN IF NOT EXISTS "introStartSec" INTEGER,
	ADD COLUMN IF NOT EXISTS "introEndSec" INTEGER,
	ADD COLUMN IF NOT EXISTS "isPpv" BOOLEAN NOT NULL DEFAULT false,
	ADD COLUMN IF NOT EXISTS "ppvPriceNaira" INTEGER,
	ADD COLUMN IF NOT EXISTS "ppvCurrency" TEXT NOT NULL DEFAULT 'NGN',
	ADD COLUMN IF NOT EXISTS "ppvDescription" TEXT;
ALTER TABLE "Title" ALTER COLUMN "updatedAt" DROP DEFAULT;
ALTER TABLE "Episode"
	ADD COLUMN IF NOT EXISTS "synopsis" TEXT,
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "runtimeMinutes" INTEGER,
	ADD COLUMN IF NOT EXISTS "pendingReview" BOOLEAN NOT NULL DEFAULT false,
	ADD COLUMN IF NOT EXISTS "previewSpriteUrl" TEXT,
	ADD COLUMN IF NOT EXISTS "previewVttUrl" TEXT,
	ADD COLUMN IF NOT EXISTS "introStartSec" INTEGER,
	ADD COLUMN IF NOT EXISTS "introEndSec" INTEGER,
	ADD COLUMN IF NOT EXISTS "seasonId" BIGINT;
ALTER TABLE "Episode" ALTER COLUMN "updatedAt" DROP DEFAULT;
ALTER TABLE "AssetVersion"
	ADD COLUMN IF NOT EXISTS "titleId" BIGINT,
	ADD COLUMN IF NOT EXISTS "episodeId" BIGINT,
	ADD COLUMN IF NOT EXISTS "url" TEXT,
	ADD COLUMN IF NOT EXISTS "sizeBytes" BIGINT,
	ADD COLUMN IF NOT EXISTS "durationSec" INTEGER,
	ADD COLUMN IF NOT EXISTS "status" "AssetStatus" NOT NULL DEFAULT 'PENDING',
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "AssetVersion" ALTER COLUMN "updatedAt" DROP DEFAULT;
ALTER TABLE "UploadJob"
	ADD COLUMN IF NOT EXISTS "titleId" BIGINT,
	ADD COLUMN IF NOT EXISTS "episodeId" BIGINT,
	ADD COLUMN IF NOT EXISTS "status" "UploadStatus" NOT NULL DEFAULT 'PENDING',
	ADD COLUMN IF NOT EXISTS "bytesUploaded" BIGINT NOT NULL DEFAULT 0,
	ADD COLUMN IF NOT EXISTS "bytesTotal" BIGINT,
	ADD COLUMN IF NOT EXISTS "error" TEXT,
	ADD COLUMN IF NOT EXISTS "payload" JSONB,
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "UploadJob" ALTER COLUMN "updatedAt" DROP DEFAULT;
ALTER TABLE "EngagementEvent"
	ADD COLUMN IF NOT EXISTS "profileId" BIGINT,
	ADD COLUMN IF NOT EXISTS "titleId" BIGINT,
	ADD COLUMN IF NOT EXISTS "episodeId" BIGINT,
	ADD COLUMN IF NOT EXISTS "sessionId" BIGINT,
	ADD COLUMN IF NOT EXISTS "occurredAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "country" TEXT,
	ADD COLUMN IF NOT EXISTS "deviceId" TEXT,
	ADD COLUMN IF NOT EXISTS "metadata" JSONB,
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "PopularitySnapshot"
	ADD COLUMN IF NOT EXISTS "country" TEXT NOT NULL DEFAULT 'unknown',
	ADD COLUMN IF NOT EXISTS "computedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "ProfilePreferenceSnapshot"
	ADD COLUMN IF NOT EXISTS "genres" TEXT[] DEFAULT ARRAY[]::TEXT[],
	ADD COLUMN IF NOT EXISTS "computedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "AdminAuditLog"
	ADD COLUMN IF NOT EXISTS "userId" BIGINT,
	ADD COLUMN IF NOT EXISTS "detail" JSONB,
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "ProfileRecentViews"
	ADD COLUMN IF NOT EXISTS "titleIds" BIGINT[] DEFAULT ARRAY[]::BIGINT[],
	ADD COLUMN IF NOT EXISTS "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "computedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "ProfileRecentViews" ALTER COLUMN "updatedAt" DROP DEFAULT;
ALTER TABLE "TitleEmbedding"
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "TitleEmbedding" ALTER COLUMN "updatedAt" DROP DEFAULT;
ALTER TABLE "TitleSimilarity"
	ADD COLUMN IF NOT EXISTS "rationale" TEXT NOT NULL DEFAULT 'co_watch',
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "ErrorLog"
	ADD COLUMN IF NOT EXISTS "level" TEXT NOT NULL DEFAULT 'ERROR',
	ADD COLUMN IF NOT EXISTS "stack" TEXT,
	ADD COLUMN IF NOT EXISTS "path" TEXT,
	ADD COLUMN IF NOT EXISTS "context" JSONB,
	ADD COLUMN IF NOT EXISTS "userId" BIGINT,
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "Season"
	ADD COLUMN IF NOT EXISTS "name" TEXT,
	ADD COLUMN IF NOT EXISTS "description" TEXT,
	ADD COLUMN IF NOT EXISTS "releaseDate" TIMESTAMP(3),
	ADD COLUMN IF NOT EXISTS "status" TEXT,
	ADD COLUMN IF NOT EXISTS "posterUrl" TEXT,
	ADD COLUMN IF NOT EXISTS "thumbnailUrl" TEXT,
	ADD COLUMN IF NOT EXISTS "previewSpriteUrl" TEXT,
	ADD COLUMN IF NOT EXISTS "previewVttUrl" TEXT,
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	ADD COLUMN IF NOT EXISTS "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
ALTER TABLE "PpvPurchase"
	ADD COLUMN IF NOT EXISTS "currency" TEXT NOT NULL DEFAULT 'NGN',
	ADD COLUMN IF NOT EXISTS "gateway" TEXT NOT NULL DEFAULT 'PAYSTACK',
	ADD COLUMN IF NOT EXISTS "paystackTrxId" TEXT,
	ADD COLUMN IF NOT EXISTS "status" "PpvPurchaseStatus" NOT NULL DEFAULT 'PENDING',
	ADD COLUMN IF NOT EXISTS "rawPayload" JSONB,
	ADD COLUMN IF NOT EXISTS "accessExpiresAt" TIMESTAMP(3),
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT now();
ALTER TABLE "PpvViolation"
	ADD COLUMN IF NOT EXISTS "path" TEXT,
	ADD COLUMN IF NOT EXISTS "ipAddress" TEXT,
	ADD COLUMN IF NOT EXISTS "userAgent" TEXT,
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT now();
ALTER TABLE "SupportTicket"
	ADD COLUMN IF NOT EXISTS "userId" BIGINT,
	ADD COLUMN IF NOT EXISTS "status" "SupportTicketStatus" NOT NULL DEFAULT 'OPEN',
	ADD COLUMN IF NOT EXISTS "priority" TEXT NOT NULL DEFAULT 'normal',
	ADD COLUMN IF NOT EXISTS "source" TEXT NOT NULL DEFAULT 'web',
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS "lastReplyAt" TIMESTAMP(3);
ALTER TABLE "SupportTicketMessage"
	ADD COLUMN IF NOT EXISTS "userId" BIGINT,
	ADD COLUMN IF NOT EXISTS "isAdmin" BOOLEAN NOT NULL DEFAULT false,
	ADD COLUMN IF NOT EXISTS "createdAt" TIMESTAMP(3) NOT NULL DEFAULT now();

-- What early migrations left looser than later ones.
UPDATE "Title" SET "archived" = false WHERE "archived" IS NULL;
ALTER TABLE "Title" ALTER COLUMN "archived" SET DEFAULT false, ALTER COLUMN "archived" SET NOT NULL;
DO $$ BEGIN
	IF (SELECT atttypmod FROM pg_attribute WHERE attrelid = '"ErrorLog"'::regclass AND attname = 'createdAt') <> 3 THEN
		ALTER TABLE "ErrorLog" ALTER COLUMN "createdAt" TYPE TIMESTAMP(3);
	END IF;
END $$;

SELECT pg_temp.ensure_index('User', 'User_email_key', true, ARRAY['email']);
SELECT pg_temp.ensure_index('User', 'User_verificationToken_key', true, ARRAY['verificationToken']);
SELECT pg_temp.ensure_index('Session', 'Session_userId_deviceId_idx', false, ARRAY['userId', 'deviceId']);
SELECT pg_temp.ensure_index('Device', 'Device_userId_deviceId_key', true, ARRAY['userId', 'deviceId']);
SELECT pg_temp.ensure_index('Invitation', 'Invitation_email_idx', false, ARRAY['email']);
SELECT pg_temp.ensure_index('Invitation', 'Invitation_token_key', true, ARRAY['token']);
SELECT pg_temp.ensure_index('Profile', 'Profile_userId_idx', false, ARRAY['userId']);
SELECT pg_temp.ensure_index('BillingAccount', 'BillingAccount_userId_key', true, ARRAY['userId']);
SELECT pg_temp.ensure_index('DeviceProfile', 'DeviceProfile_deviceRecordId_key', true, ARRAY['deviceRecordId']);
SELECT pg_temp.ensure_index('DeviceProfile', 'DeviceProfile_userId_profileId_idx', false, ARRAY['userId', 'profileId']);
SELECT pg_temp.ensure_index('Episode', 'Episode_titleId_seasonNumber_episodeNumber_idx', false, ARRAY['titleId', 'seasonNumber', 'episodeNumber'], 'Episode_title_season_episode_idx');
SELECT pg_temp.ensure_index('AssetVersion', 'AssetVersion_titleId_episodeId_idx', false, ARRAY['titleId', 'episodeId'], 'AssetVersion_title_episode_idx');
SELECT pg_temp.ensure_index('AssetVersion', 'AssetVersion_titleId_episodeId_rendition_key', true, ARRAY['titleId', 'episodeId', 'rendition'], 'AssetVersion_title_episode_rendition_key');
SELECT pg_temp.ensure_index('UploadJob', 'UploadJob_titleId_episodeId_status_idx', false, ARRAY['titleId', 'episodeId', 'status'], 'UploadJob_title_episode_status_idx');
SELECT pg_temp.ensure_index('EngagementEvent', 'EngagementEvent_eventType_occurredAt_idx', false, ARRAY['eventType', 'occurredAt']);
SELECT pg_temp.ensure_index('EngagementEvent', 'EngagementEvent_profileId_occurredAt_idx', false, ARRAY['profileId', 'occurredAt']);
SELECT pg_temp.ensure_index('EngagementEvent', 'EngagementEvent_titleId_occurredAt_idx', false, ARRAY['titleId', 'occurredAt']);
SELECT pg_temp.ensure_index('PopularitySnapshot', 'PopularitySnapshot_country_type_window_key', true, ARRAY['country', 'type', 'window']);
SELECT pg_temp.ensure_index('PopularitySnapshot', 'PopularitySnapshot_type_window_idx', false, ARRAY['type', 'window']);
SELECT pg_temp.ensure_index('ProfilePreferenceSnapshot', 'ProfilePreferenceSnapshot_profileId_key', true, ARRAY['profileId']);
SELECT pg_temp.ensure_index('AdminAuditLog', 'AdminAuditLog_userId_createdAt_idx', false, ARRAY['userId', 'createdAt']);
SELECT pg_temp.ensure_index('ProfileRecentViews', 'ProfileRecentViews_profileId_key', true, ARRAY['profileId']);
SELECT pg_temp.ensure_index('TitleEmbedding', 'TitleEmbedding_model_idx', false, ARRAY['model']);
SELECT pg_temp.ensure_index('TitleEmbedding', 'TitleEmbedding_titleId_key', true, ARRAY['titleId']);
SELECT pg_temp.ensure_index('TitleSimilarity', 'TitleSimilarity_sourceTitleId_score_idx', false, ARRAY['sourceTitleId', 'score']);
SELECT pg_temp.ensure_index('TitleSimilarity', 'TitleSimilarity_sourceTitleId_targetTitleId_key', true, ARRAY['sourceTitleId', 'targetTitleId']);
SELECT pg_temp.ensure_index('ErrorLog', 'ErrorLog_createdAt_idx', false, ARRAY['createdAt']);
SELECT pg_temp.ensure_index('Season', 'Season_titleId_idx', false, ARRAY['titleId']);
SELECT pg_temp.ensure_index('Season', 'Season_titleId_seasonNumber_key', true, ARRAY['titleId', 'seasonNumber']);
SELECT pg_temp.ensure_index('PpvPurchase', 'PpvPurchase_paystackRef_key', true, ARRAY['paystackRef']);
SELECT pg_temp.ensure_index('PpvPurchase', 'ppv_purchase_title_idx', false, ARRAY['titleId']);
SELECT pg_temp.ensure_index('PpvPurchase', 'ppv_purchase_user_idx', false, ARRAY['userId']);
SELECT pg_temp.ensure_index('PpvPurchase', 'ppv_purchase_user_title_status_idx', false, ARRAY['userId', 'titleId', 'status']);
SELECT pg_temp.ensure_index('PpvViolation', 'ppv_violation_user_title_idx', false, ARRAY['userId', 'titleId']);
SELECT pg_temp.ensure_index('SupportTicket', 'support_ticket_status_created_idx', false, ARRAY['status', 'createdAt']);
SELECT pg_temp.ensure_index('SupportTicketMessage', 'support_ticket_message_ticket_idx', false, ARRAY['ticketId', 'createdAt']);

SELECT pg_temp.ensure_fk('Session', 'userId', 'User', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('Device', 'userId', 'User', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('Profile', 'userId', 'User', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('BillingAccount', 'userId', 'User', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('DeviceProfile', 'userId', 'User', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('DeviceProfile', 'deviceRecordId', 'Device', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('DeviceProfile', 'profileId', 'Profile', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('Episode', 'titleId', 'Title', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('Episode', 'seasonId', 'Season', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('AssetVersion', 'titleId', 'Title', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('AssetVersion', 'episodeId', 'Episode', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('UploadJob', 'titleId', 'Title', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('UploadJob', 'episodeId', 'Episode', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('EngagementEvent', 'profileId', 'Profile', 'SET NULL', 'CASCADE');
SELECT pg_temp.ensure_fk('EngagementEvent', 'titleId', 'Title', 'SET NULL', 'CASCADE');
SELECT pg_temp.ensure_fk('EngagementEvent', 'episodeId', 'Episode', 'SET NULL', 'CASCADE');
SELECT pg_temp.ensure_fk('EngagementEvent', 'sessionId', 'Session', 'SET NULL', 'CASCADE');
SELECT pg_temp.ensure_fk('ProfilePreferenceSnapshot', 'profileId', 'Profile', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('AdminAuditLog', 'userId', 'User', 'SET NULL', 'CASCADE');
SELECT pg_temp.ensure_fk('ProfileRecentViews', 'profileId', 'Profile', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('TitleEmbedding', 'titleId', 'Title', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('TitleSimilarity', 'sourceTitleId', 'Title', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('TitleSimilarity', 'targetTitleId', 'Title', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('Season', 'titleId', 'Title', 'CASCADE', 'CASCADE');
SELECT pg_temp.ensure_fk('PpvPurchase', 'userId', 'User', 'CASCADE', 'NO ACTION');
SELECT pg_temp.ensure_fk('PpvPurchase', 'titleId', 'Title', 'CASCADE', 'NO ACTION');
SELECT pg_temp.ensure_fk('PpvViolation', 'userId', 'User', 'CASCADE', 'NO ACTION');
SELECT pg_temp.ensure_fk('PpvViolation', 'titleId', 'Title', 'CASCADE', 'NO ACTION');
SELECT pg_temp.ensure_fk('SupportTicket', 'userId', 'User', 'SET NULL', 'NO ACTION');
SELECT pg_temp.ensure_fk('SupportTicketMessage', 'ticketId', 'SupportTicket', 'CASCADE', 'NO ACTION');
SELECT pg_temp.ensure_fk('SupportTicketMessage', 'userId', 'User', 'SET NULL', 'NO ACTION');

-- The existing service's own record, so that it can still be deployed against this database and finds nothing to do.
DO $$ BEGIN
	IF (SELECT yes FROM fresh) THEN
		CREATE TABLE "_prisma_migrations" (
			"id" VARCHAR(36) PRIMARY KEY,
			"checksum" VARCHAR(64) NOT NULL,
			"finished_at" TIMESTAMPTZ,
			"migration_name" VARCHAR(255) NOT NULL,
			"logs" TEXT,
			"rolled_back_at" TIMESTAMPTZ,
			"started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
			"applied_steps_count" INTEGER NOT NULL DEFAULT 0
		);
	END IF;
	IF to_regclass('_prisma_migrations') IS NULL THEN
		RETURN;
	END IF;
	INSERT INTO "_prisma_migrations" ("id", "checksum", "finished_at", "migration_name", "applied_steps_count")
	SELECT gen_random_uuid()::text, m.checksum, now(), m.name, 1 FROM (VALUES
		('20251125091318_init', '417366c0fb1cbd9c1c63b57cc749b417aed7a0ff8f24388063dd3ce13f404437'),
		('20251125095211_add_device_label', '9782828085df9a28e08e8a1e77dd79637ce91e73591fb40e4ec38685fe1a40da'),
		('20251125112231_add_invitation_model', 'e65aaa12c9737071059bf0ea6820a4653c825f81e189ce3e8b1b4e171c84eee8'),
		('20251129090919_add_profiles_billing_devices', '071ce0f58c8b409faa1a3dc7d2eb742cee0a552af00b6857273b31a0eafbb5d7'),
		('20251129101500_add_upload_models', '99208e8be0239222ceac2101c1fe3d1dd8197e6d5b8c18924c364cf4a27bc799'),
		('20251129185000_add_title_assets', 'd5e9c24993f0196db395b7cf0b3427ac87cd269b1d9a0d0873c70e587686ebf4'),
		('20251129191000_add_title_archived', '0307e56cc60a5c309a538178759a4a95438cb153938d7f3a84fbabc58c7a802c'),
		('20251203151355_add_engagement_events', 'ba284b53029ff0d14e029f0f43616cd586b1db5d24d0a7f64ae87c7407810178'),
		('20251203160837_add_popularity_snapshot', 'f2f01a95a93a215dfefa2a4266b9b09b50a12d87fd63bbb79c41f54eb5c56750'),
		('20251203161325_add_profile_country', 'c1a8ea5c3b4ce70edc4fea5bd83d2bbd6219870b996e4e368bcca0554c452c79'),
		('20251203170039_add_profile_pref_snapshot', '6f50b776a3f7d386cb1a899316aeb95e8d7eea7a4b819e23893584f7e4d87552'),
		('20251203170500_add_profile_birthyear', 'aeaf95c373f35bfecee81ddeddcf87c2727a32d59bb6f4be5e321fd52951729f'),
		('20251203171541_add_admin_audit_log', 'b8043902e186f728e193ff6f20360318bf853769c85d0d6d3db8f6bfdba295ba'),
		('20251203172612_add_profile_recent_views', 'f0547ab7a4bbbedb4ed11b4474ef86f8191690d840994daff32ad28bca1d1017'),
		('20251203175539_add_title_embeddings_similarity', 'debec55f15d7a908b18a1ca09a04b3d010d9df467c586cd746813c8cab74c30b'),
		('20251210120000_add_pending_review', 'e6aa53da8adfccd5dd67e020ba9d39ef646b6c1537773bed18ffa34c49c5b866'),
		('20251210153000_add_error_log', '67624741767929c030a6a71384a71b3b5fc42552673d716cd74523116053513a'),
		('20251213145330_add_preview_assets', 'a4bd46fb17e2e9c72f3600f247612cdeff683ff46d5fca4a9a20fbdac0821b9e'),
		('20251214100000_add_seasons_intro_markers', '58a4b8efbe0f9e7de5a558dfad2f8d2fb58b5fcbace1210ea63a860ba99c6e6f'),
		('20251222113000_add_ppv', 'bf811f07c6edd9fe8fc1d302152c40fea8d91ad762f9fb10016f6adc0f56c096'),
		('20260108093000_add_support_tickets', 'd344fd70dfc219ff19db6071556c45bc6aa342bb9b3d7150145d41496503c900')
	) m (name, checksum)
	WHERE NOT EXISTS (SELECT 1 FROM "_prisma_migrations" p WHERE p."migration_name" = m.name
	    AND p."finished_at" IS NOT NULL AND p."rolled_back_at" IS NULL);
END $$;
