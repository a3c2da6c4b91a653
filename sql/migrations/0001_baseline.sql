-- The tables of release 0.1.0: those shared with the Node service, and those of the schema "wanzami". On an empty database this file
-- creates them. On any other it adds what is missing: it serves databases of the Node service at any of its migrations, and databases
-- that any commit before this file has migrated. A step that finds its effect in the catalog takes no lock, so that a running service
-- is not held up. Rows are kept.

-- Creates an enum, or adds the labels that it lacks.
CREATE FUNCTION pg_temp.ensure_enum(name text, labels text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE label text;
BEGIN
	IF to_regtype(quote_ident(name)) IS NULL THEN
		EXECUTE format('CREATE TYPE %I AS ENUM (%s)', name, (SELECT string_agg(quote_literal(l), ', ' ORDER BY n) FROM unnest(labels) WITH ORDINALITY u(l, n)));
		RETURN;
	END IF;
	FOREACH label IN ARRAY labels LOOP
		IF NOT EXISTS (SELECT FROM pg_enum WHERE enumtypid = quote_ident(name)::regtype AND enumlabel = label) THEN
			EXECUTE format('ALTER TYPE %I ADD VALUE %L', name, label);
		END IF;
	END LOOP;
END $$;

-- Creates a table, or adds the columns that it lacks. "definition" has one column or table constraint a line. A timestamp that is
-- NOT NULL and has no default gets the time of the migration in the rows that exist.
CREATE FUNCTION pg_temp.ensure_table(kind text, name text, definition text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	line text;
	col text;
BEGIN
	IF to_regclass(name) IS NULL THEN
		EXECUTE format('CREATE %s %s (%s)', kind, name, definition);
		RETURN;
	END IF;
	FOR line IN SELECT rtrim(l, ',') FROM regexp_split_to_table(definition, '\n\t*') l WHERE l !~ '^(CONSTRAINT .*|PRIMARY KEY .*|)$' LOOP
		col := coalesce(substring(line FROM '^"(\w+)"'), substring(line FROM '^(\w+)'));
		CONTINUE WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = name::regclass AND attname = col AND NOT attisdropped);
		IF line LIKE '% TIMESTAMP(3) NOT NULL' THEN
			EXECUTE format('ALTER TABLE %s ADD COLUMN %s DEFAULT CURRENT_TIMESTAMP', name, line);
			EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', name, col);
		ELSE
			EXECUTE format('ALTER TABLE %s ADD COLUMN %s', name, line);
		END IF;
	END LOOP;
END $$;

-- Adds a foreign key to the column "id" of another table, unless the column has one already, under any name.
CREATE FUNCTION pg_temp.ensure_fk(tbl text, col text, target text, on_delete text, on_update text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND ARRAY[a.attnum] = c.conkey
	    WHERE c.contype = 'f' AND c.conrelid = quote_ident(tbl)::regclass AND c.confrelid = quote_ident(target)::regclass AND a.attname = col) THEN
		EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES %I ("id") ON DELETE %s ON UPDATE %s',
		    tbl, tbl || '_' || col || '_fkey', col, target, on_delete, on_update);
	END IF;
END $$;

-- True if this database was empty. The Node service's record of migrations is only created then.
CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS SELECT to_regclass('"User"') IS NULL AND to_regclass('_prisma_migrations') IS NULL AS yes;

-- The tables shared with the Node service, as its 21 migrations leave them.
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

SELECT pg_temp.ensure_table('TABLE', '"User"', $$
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
$$);

SELECT pg_temp.ensure_table('TABLE', '"Session"', $$
	"id" BIGSERIAL NOT NULL,
	"userId" BIGINT NOT NULL,
	"deviceId" TEXT NOT NULL,
	"refreshToken" TEXT NOT NULL,
	"userAgent" TEXT,
	"ipAddress" TEXT,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"expiresAt" TIMESTAMP(3) NOT NULL,
	CONSTRAINT "Session_pkey" PRIMARY KEY ("id")
$$);

SELECT pg_temp.ensure_table('TABLE', '"Device"', $$
	"id" BIGSERIAL NOT NULL,
	"userId" BIGINT NOT NULL,
	"deviceId" TEXT NOT NULL,
	"lastSeen" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"label" TEXT,
	CONSTRAINT "Device_pkey" PRIMARY KEY ("id")
$$);

SELECT pg_temp.ensure_table('TABLE', '"Invitation"', $$
	"id" BIGSERIAL NOT NULL,
	"email" TEXT NOT NULL,
	"role" "Role" NOT NULL,
	"token" TEXT NOT NULL,
	"expiresAt" TIMESTAMP(3) NOT NULL,
	"acceptedAt" TIMESTAMP(3),
	"createdBy" BIGINT NOT NULL,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "Invitation_pkey" PRIMARY KEY ("id")
$$);

SELECT pg_temp.ensure_table('TABLE', '"Profile"', $$
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
$$);

SELECT pg_temp.ensure_table('TABLE', '"BillingAccount"', $$
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
$$);

SELECT pg_temp.ensure_table('TABLE', '"DeviceProfile"', $$
	"id" BIGSERIAL NOT NULL,
	"userId" BIGINT NOT NULL,
	"deviceRecordId" BIGINT NOT NULL,
	"profileId" BIGINT NOT NULL,
	"lastUsedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "DeviceProfile_pkey" PRIMARY KEY ("id")
$$);

SELECT pg_temp.ensure_table('TABLE', '"Title"', $$
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
$$);

SELECT pg_temp.ensure_table('TABLE', '"Episode"', $$
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
$$);

SELECT pg_temp.ensure_table('TABLE', '"AssetVersion"', $$
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
$$);

SELECT pg_temp.ensure_table('TABLE', '"UploadJob"', $$
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
$$);

SELECT pg_temp.ensure_table('TABLE', '"EngagementEvent"', $$
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
$$);

SELECT pg_temp.ensure_table('TABLE', '"PopularitySnapshot"', $$
	"id" BIGSERIAL NOT NULL,
	"country" TEXT NOT NULL DEFAULT 'unknown',
	"type" "TitleType" NOT NULL,
	"window" "PopularityWindow" NOT NULL,
	"computedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"items" JSONB NOT NULL,
	CONSTRAINT "PopularitySnapshot_pkey" PRIMARY KEY ("id")
$$);

SELECT pg_temp.ensure_table('TABLE', '"ProfilePreferenceSnapshot"', $$
	"id" BIGSERIAL NOT NULL,
	"profileId" BIGINT NOT NULL,
	"genres" TEXT[] DEFAULT ARRAY[]::TEXT[],
	"computedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "ProfilePreferenceSnapshot_pkey" PRIMARY KEY ("id")
$$);

SELECT pg_temp.ensure_table('TABLE', '"AdminAuditLog"', $$
	"id" BIGSERIAL NOT NULL,
	"userId" BIGINT,
	"action" TEXT NOT NULL,
	"resource" TEXT NOT NULL,
	"detail" JSONB,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "AdminAuditLog_pkey" PRIMARY KEY ("id")
$$);

SELECT pg_temp.ensure_table('TABLE', '"ProfileRecentViews"', $$
	"id" BIGSERIAL NOT NULL,
	"profileId" BIGINT NOT NULL,
	"titleIds" BIGINT[] DEFAULT ARRAY[]::BIGINT[],
	"updatedAt" TIMESTAMP(3) NOT NULL,
	"computedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "ProfileRecentViews_pkey" PRIMARY KEY ("id")
$$);

SELECT pg_temp.ensure_table('TABLE', '"TitleEmbedding"', $$
	"id" BIGSERIAL NOT NULL,
	"titleId" BIGINT NOT NULL,
	"model" TEXT NOT NULL,
	"embedding" JSONB NOT NULL,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	"updatedAt" TIMESTAMP(3) NOT NULL,
	CONSTRAINT "TitleEmbedding_pkey" PRIMARY KEY ("id")
$$);

SELECT pg_temp.ensure_table('TABLE', '"TitleSimilarity"', $$
	"id" BIGSERIAL NOT NULL,
	"sourceTitleId" BIGINT NOT NULL,
	"targetTitleId" BIGINT NOT NULL,
	"score" DOUBLE PRECISION NOT NULL,
	"rationale" TEXT NOT NULL DEFAULT 'co_watch',
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "TitleSimilarity_pkey" PRIMARY KEY ("id")
$$);

SELECT pg_temp.ensure_table('TABLE', '"ErrorLog"', $$
	"id" BIGSERIAL NOT NULL,
	"level" TEXT NOT NULL DEFAULT 'ERROR',
	"message" TEXT NOT NULL,
	"stack" TEXT,
	"path" TEXT,
	"context" JSONB,
	"userId" BIGINT,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "ErrorLog_pkey" PRIMARY KEY ("id")
$$);

SELECT pg_temp.ensure_table('TABLE', '"Season"', $$
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
$$);

SELECT pg_temp.ensure_table('TABLE', '"PpvPurchase"', $$
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
$$);

SELECT pg_temp.ensure_table('TABLE', '"PpvViolation"', $$
	"id" BIGSERIAL NOT NULL,
	"userId" BIGINT NOT NULL,
	"titleId" BIGINT NOT NULL,
	"path" TEXT,
	"ipAddress" TEXT,
	"userAgent" TEXT,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT now(),
	CONSTRAINT "PpvViolation_pkey" PRIMARY KEY ("id")
$$);

SELECT pg_temp.ensure_table('TABLE', '"SupportTicket"', $$
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
$$);

SELECT pg_temp.ensure_table('TABLE', '"SupportTicketMessage"', $$
	"id" BIGSERIAL NOT NULL,
	"ticketId" BIGINT NOT NULL,
	"userId" BIGINT,
	"isAdmin" BOOLEAN NOT NULL DEFAULT false,
	"message" TEXT NOT NULL,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT now(),
	CONSTRAINT "SupportTicketMessage_pkey" PRIMARY KEY ("id")
$$);

-- Differences that the early migrations of the Node service left behind.
DO $$
DECLARE
	name text;
	renamed record;
BEGIN
	FOREACH name IN ARRAY ARRAY['User', 'Profile', 'BillingAccount', 'Title', 'Episode', 'AssetVersion', 'UploadJob', 'ProfileRecentViews', 'TitleEmbedding'] LOOP
		IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = quote_ident(name)::regclass AND attname = 'updatedAt' AND atthasdef) THEN
			EXECUTE format('ALTER TABLE %I ALTER COLUMN "updatedAt" DROP DEFAULT', name);
		END IF;
	END LOOP;
	IF NOT (SELECT atthasdef AND attnotnull FROM pg_attribute WHERE attrelid = '"Title"'::regclass AND attname = 'archived') THEN
		UPDATE "Title" SET "archived" = false WHERE "archived" IS NULL;
		ALTER TABLE "Title" ALTER COLUMN "archived" SET DEFAULT false, ALTER COLUMN "archived" SET NOT NULL;
	END IF;
	IF (SELECT atttypmod FROM pg_attribute WHERE attrelid = '"ErrorLog"'::regclass AND attname = 'createdAt') <> 3 THEN
		ALTER TABLE "ErrorLog" ALTER COLUMN "createdAt" TYPE TIMESTAMP(3);
	END IF;
	FOR renamed IN SELECT * FROM (VALUES
		('Episode', 'Episode_title_season_episode_idx', 'Episode_titleId_seasonNumber_episodeNumber_idx'),
		('AssetVersion', 'AssetVersion_title_episode_idx', 'AssetVersion_titleId_episodeId_idx'),
		('AssetVersion', 'AssetVersion_title_episode_rendition_key', 'AssetVersion_titleId_episodeId_rendition_key'),
		('UploadJob', 'UploadJob_title_episode_status_idx', 'UploadJob_titleId_episodeId_status_idx')) x (tbl, early, late)
	LOOP
		IF EXISTS (SELECT FROM pg_index WHERE indrelid = quote_ident(renamed.tbl)::regclass AND indexrelid = to_regclass(quote_ident(renamed.early)))
		AND to_regclass(quote_ident(renamed.late)) IS NULL THEN
			EXECUTE format('ALTER INDEX %I RENAME TO %I', renamed.early, renamed.late);
		END IF;
	END LOOP;
END $$;

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

-- The Node service's record of migrations, so that it can still be deployed against this database and finds nothing to do.
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

-- The tables of the schema "wanzami". The Node service does not read this schema. Foreign keys lead from these
-- tables to the shared ones, never back.

-- The foreign keys below lock the tables that they refer to. All locks are taken at once, with short waits, so that writers wait for this
-- transaction no longer than it takes.
DO $$
DECLARE
	tables text := (SELECT string_agg(quote_ident(n), ', ') FROM unnest('{User,Title,Profile,UploadJob,AssetVersion,PpvPurchase}'::text[]) n);
	wait text := current_setting('lock_timeout');
BEGIN
	IF to_regclass('wanzami.ppv_reversal') IS NULL THEN
		PERFORM set_config('lock_timeout', '100ms', true);
		EXECUTE 'LOCK TABLE ' || tables || ' IN SHARE ROW EXCLUSIVE MODE';
		PERFORM set_config('lock_timeout', wait, true);
	END IF;
END $$;

-- The table of login attempts, which are counted in Valkey now (src/http/limit.c).
DROP FUNCTION IF EXISTS wanzami.attempt_allowed(text, bigint, interval);
DROP FUNCTION IF EXISTS wanzami.attempt_forgive(text);
DROP TABLE IF EXISTS wanzami.attempt;

-- The text of an e-mail campaign. Each of its mails is a row of the outbox with the template "campaign"; its "vars" hold the e-mail
-- address and the name of one recipient. A campaign is deleted after the last of its mails.
SELECT pg_temp.ensure_table('TABLE', 'wanzami.campaign', $$
	id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	subject TEXT NOT NULL,
	html TEXT NOT NULL,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now()
$$);

-- Numbers the hourly batches of campaigns, which clients know as jobs.
CREATE SEQUENCE IF NOT EXISTS wanzami.campaign_batch;

-- The outbox: mail that waits for the SMTP server. A statement inserts its mail in its own transaction:
--	INSERT INTO wanzami.mail_outbox (to_address, template, vars)
--	SELECT $1, 'verify', jsonb_build_object('name', "name", 'email', $1, 'token', $2) FROM created
-- "template" names a pair of files in assets/mail, which declare the variables that they read from "vars"; a missing one is empty. A
-- second mail with the same "dedupe_key" is rejected. The sender claims a mail: it moves "next_attempt_at" to the end of its lease and
-- writes its "lease_token". "vars" holds tokens and is set to NULL when the mail has been sent or given up.
SELECT pg_temp.ensure_table('TABLE', 'wanzami.mail_outbox', $$
	id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	to_address TEXT NOT NULL,
	template TEXT NOT NULL DEFAULT 'campaign',
	vars JSONB,
	dedupe_key TEXT UNIQUE,
	attempts INTEGER NOT NULL DEFAULT 0,
	next_attempt_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	lease_token TEXT,
	last_error TEXT,
	sent_at TIMESTAMPTZ,
	failed_at TIMESTAMPTZ,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	campaign_id BIGINT REFERENCES wanzami.campaign,
	CONSTRAINT mail_outbox_vars CHECK ((vars IS NULL) = (sent_at IS NOT NULL OR failed_at IS NOT NULL))
$$);

-- The first form of the outbox had the finished text of each mail. Each becomes a campaign with one recipient.
DO $$
DECLARE m record;
BEGIN
	IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'wanzami.mail_outbox'::regclass AND attname = 'html' AND NOT attisdropped) THEN
		FOR m IN SELECT * FROM wanzami.mail_outbox ORDER BY id LOOP
			WITH text_of AS (
				INSERT INTO wanzami.campaign (subject, html, created_at)
				VALUES (m.subject, coalesce(m.html, '<pre>' || replace(replace(replace(m.text, '&', '&amp;'), '<', '&lt;'), '>', '&gt;') || '</pre>', ''), m.created_at)
				RETURNING id
			)
			UPDATE wanzami.mail_outbox o SET campaign_id = text_of.id,
				vars = CASE WHEN o.sent_at IS NULL AND o.failed_at IS NULL THEN jsonb_build_object('email', o.to_address) END
			FROM text_of WHERE o.id = m.id;
		END LOOP;
		ALTER TABLE wanzami.mail_outbox DROP COLUMN subject, DROP COLUMN html, DROP COLUMN text, DROP COLUMN kind, DROP COLUMN lease_until,
			ADD CONSTRAINT mail_outbox_vars CHECK ((vars IS NULL) = (sent_at IS NOT NULL OR failed_at IS NOT NULL));
	END IF;
	IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'wanzami.mail_outbox'::regclass AND attname = 'template' AND atthasdef) THEN
		ALTER TABLE wanzami.mail_outbox ALTER COLUMN template DROP DEFAULT;
	END IF;
END $$;

-- The transcode queue: one row for each upload that has been completed. The functions in sql/functions/queue change it. "number" is the
-- order in which uploads were completed; of two uploads of one film the later one counts. "fence" is the fencing token: it grows with
-- each claim, every write of a worker names the token of its claim, and a write with a stale token changes nothing.
SELECT pg_temp.ensure_table('TABLE', 'wanzami.transcode_job', $$
	upload_job_id BIGINT PRIMARY KEY REFERENCES "UploadJob" ("id") ON DELETE CASCADE,
	number BIGINT GENERATED ALWAYS AS IDENTITY,
	state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
	renditions "Rendition"[] NOT NULL DEFAULT '{R1080,R720,R360}' CHECK (cardinality(renditions) > 0),
	attempts INTEGER NOT NULL DEFAULT 0,
	max_attempts INTEGER NOT NULL DEFAULT 3,
	run_after TIMESTAMPTZ NOT NULL DEFAULT now(),
	lease_owner TEXT,
	lease_until TIMESTAMPTZ,
	fence BIGINT NOT NULL DEFAULT 0,
	source_key TEXT NOT NULL,
	source_size BIGINT,
	progress JSONB NOT NULL DEFAULT '{}',
	error TEXT,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	CONSTRAINT transcode_job_lease CHECK ((state = 'running') = (lease_until IS NOT NULL))
$$);

-- What HLS and DASH playlists need to know about the file of an asset version. "segments" is an array of [first byte, length in bytes,
-- duration in timescale units]; "init_size" is the number of bytes before the first segment; "job_number" is the "number" of its
-- transcode job. When a row is deleted or gets another object, a trigger puts the object into the trash.
SELECT pg_temp.ensure_table('TABLE', 'wanzami.rendition', $$
	asset_version_id BIGINT PRIMARY KEY REFERENCES "AssetVersion" ("id") ON DELETE CASCADE,
	object_key TEXT NOT NULL,
	job_number BIGINT NOT NULL DEFAULT 0,
	size_bytes BIGINT NOT NULL,
	duration_ms BIGINT NOT NULL,
	width INTEGER,
	height INTEGER,
	frame_rate DOUBLE PRECISION,
	codecs TEXT NOT NULL,
	bandwidth BIGINT NOT NULL,
	average_bandwidth BIGINT NOT NULL,
	timescale INTEGER NOT NULL DEFAULT 1000,
	init_size BIGINT NOT NULL,
	index_offset BIGINT,
	index_size BIGINT,
	segments JSONB NOT NULL DEFAULT '[]',
	created_at TIMESTAMPTZ NOT NULL DEFAULT now()
$$);

-- The trash: objects to delete from the object storage, and multipart uploads that were never finished. Before a worker writes the
-- first byte of an object, it enters the object here with its job and its fencing token, and moves "delete_after" on while it lives;
-- the transaction that publishes the object removes the row. Thus at any time an object is referred to by a row or is in the trash.
-- "attempts" above 0 means that the deletion has begun and cannot be undone.
SELECT pg_temp.ensure_table('TABLE', 'wanzami.object_trash', $$
	key TEXT PRIMARY KEY,
	delete_after TIMESTAMPTZ NOT NULL DEFAULT now(),
	attempts INTEGER NOT NULL DEFAULT 0,
	reason TEXT NOT NULL,
	upload_job_id BIGINT,
	fence BIGINT,
	last_error TEXT,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now()
$$);

-- Leases: the process that may run a cron job. "fence" grows with each change of owner. "slot" is the last scheduled time that has been
-- taken up; for a new job it is the time of its first claim, so that earlier times do not count as missed.
SELECT pg_temp.ensure_table('TABLE', 'wanzami.lease', $$
	name TEXT PRIMARY KEY,
	owner TEXT NOT NULL,
	fence BIGINT NOT NULL DEFAULT 1,
	expires_at TIMESTAMPTZ NOT NULL,
	slot TIMESTAMPTZ
$$);

-- The runs of cron jobs. "outcome" is NULL during the run, 'lost' if the process died or lost the database, 'returned' if the process
-- was told to end and gave the run back. "slot" is the scheduled time, NULL for a run by hand.
SELECT pg_temp.ensure_table('TABLE', 'wanzami.job_run', $$
	id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name TEXT NOT NULL,
	started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	finished_at TIMESTAMPTZ,
	outcome TEXT,
	detail JSONB,
	slot TIMESTAMPTZ,
	fence BIGINT,
	owner TEXT,
	CONSTRAINT job_run_outcome_check CHECK (outcome IN ('ok', 'failed', 'lost', 'returned'))
$$);
DO $$ BEGIN
	IF (SELECT pg_get_constraintdef(oid) NOT LIKE '%returned%' FROM pg_constraint WHERE conrelid = 'wanzami.job_run'::regclass AND conname = 'job_run_outcome_check') THEN
		ALTER TABLE wanzami.job_run DROP CONSTRAINT job_run_outcome_check,
			ADD CONSTRAINT job_run_outcome_check CHECK (outcome IN ('ok', 'failed', 'lost', 'returned'));
	END IF;
END $$;

-- Recommendation lists that were computed for a profile or a country, by their cache key. A list holds ids only;
-- what it may show is checked with each response. "basis" is what the list was computed from; a list with another basis is stale. The
-- table is unlogged: after a crash of the server the lists are computed again.
SELECT pg_temp.ensure_table('UNLOGGED TABLE', 'wanzami.list_cache', $$
	key TEXT PRIMARY KEY,
	profile_id BIGINT REFERENCES "Profile" ("id") ON DELETE CASCADE,
	basis TEXT NOT NULL,
	list JSONB NOT NULL,
	made_at TIMESTAMPTZ NOT NULL DEFAULT now()
$$);

-- One row. The number grows with each run of a cron job that recommendation lists are computed from; lists of an earlier number are
-- stale. It changes in the transaction of that run, so that both become visible together.
SELECT pg_temp.ensure_table('TABLE', 'wanzami.list_generation', 'number BIGINT NOT NULL');
INSERT INTO wanzami.list_generation SELECT 1 WHERE NOT EXISTS (SELECT FROM wanzami.list_generation);

-- Grants: users who were found entitled to a title lately, and from where. "client" is an IP address (of IPv6 the network), "agent" the
-- digest of the User-Agent. The media URLs of the title work from there.
SELECT pg_temp.ensure_table('TABLE', 'wanzami.ppv_grant', $$
	title_id BIGINT NOT NULL REFERENCES "Title" ("id") ON DELETE CASCADE,
	client TEXT NOT NULL,
	agent TEXT NOT NULL,
	user_id BIGINT NOT NULL REFERENCES "User" ("id") ON DELETE CASCADE,
	expires_at TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (title_id, client, agent, user_id)
$$);

-- Purchases whose payment was reversed. A repeated report of the payment does not restore them.
SELECT pg_temp.ensure_table('TABLE', 'wanzami.ppv_reversal', $$
	purchase_id BIGINT PRIMARY KEY REFERENCES "PpvPurchase" ("id") ON DELETE CASCADE,
	reversed_at TIMESTAMPTZ NOT NULL DEFAULT now()
$$);

-- The files that this one replaces. A database that has applied some of them counts as having applied all, so that `migrate` of the
-- commits before this file finds nothing to do.
INSERT INTO wanzami.migration (name)
SELECT old.name FROM unnest('{0001_contract,0002_functions,0003_additions,0004_queue,0005_catalogue,0006_events,0007_billing,0008_people,
0009_recommendations,0010_jobs,0011_status,0017_payments,0018_campaigns,0019_event_batches,0027_assets,0028_guard,0029_list_generation,
0038_titles,0039_asset_shape,0040_loose_values,0041_completion,0042_query_count,0043_media,0044_edits,0045_edges}'::text[]) x, LATERAL (SELECT x || '.sql' AS name) old
WHERE EXISTS (SELECT FROM wanzami.migration WHERE sha256 IS NULL)
ON CONFLICT (name) DO NOTHING;
