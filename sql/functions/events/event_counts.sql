-- Returns the number of events since a time, by hour and type: from the counts of whole hours, and from the events of the hour in which the
-- time lies. Some rows of one hour and type can be returned; their sum is exact.
CREATE OR REPLACE FUNCTION wanzami.event_counts(since timestamp) RETURNS TABLE (hour timestamp, type "EventType", n bigint) LANGUAGE plpgsql STABLE AS $$
DECLARE
	begins timestamp := date_trunc('hour', since + interval '1 hour' - interval '1 microsecond');
	uncounted bigint := (SELECT u.upto FROM wanzami.event_uncounted u);
BEGIN
	RETURN QUERY SELECT h.hour, h.type, h.n FROM wanzami.event_hour h WHERE h.hour >= begins;
	RETURN QUERY SELECT date_trunc('hour', since), e."eventType", count(*) FROM "EngagementEvent" e
		WHERE e."occurredAt" >= since AND e."occurredAt" < begins GROUP BY e."eventType";
	IF uncounted > 0 THEN	-- event-cleanup has not counted all events yet
		RETURN QUERY SELECT date_trunc('hour', e."occurredAt"), e."eventType", count(*) FROM "EngagementEvent" e
			WHERE e."occurredAt" >= begins AND e."id" <= uncounted GROUP BY 1, 2;
	END IF;
END $$;
