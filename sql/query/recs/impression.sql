-- Stores the IMPRESSION event that recs/for-you.sql has returned, after the response of GET /api/recs/for-you. Does nothing
-- if the profile has been deleted.
-- $1: event (JSON).
INSERT INTO "EngagementEvent" ("profileId", "eventType", "occurredAt", "country", "metadata", "createdAt")
SELECT p."id", 'IMPRESSION', wanzami.now(), i ->> 'country', i -> 'metadata', wanzami.now()
FROM (SELECT $1::jsonb AS i) shown JOIN "Profile" p ON p."id" = (i ->> 'profileId')::bigint
