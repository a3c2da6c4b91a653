-- What recs/for-you.sql says that a viewer was shown. A profile that is gone by now takes its impression with it.
INSERT INTO "EngagementEvent" ("profileId", "eventType", "occurredAt", "country", "metadata", "createdAt")
SELECT p."id", 'IMPRESSION', wanzami.now(), i ->> 'country', i -> 'metadata', wanzami.now()
FROM (SELECT $1::jsonb AS i) shown JOIN "Profile" p ON p."id" = (i ->> 'profileId')::bigint
