-- Returns the watched fraction of a film that an event reports, from 0 to 1, NULL if it reports none
-- (docs/compatibility.md#completion). Position and duration are divided as doubles, as JavaScript does; a given fraction may be
-- out of a double's range.
CREATE OR REPLACE FUNCTION wanzami.completion(metadata jsonb) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN jsonb_typeof(metadata -> 'completionPercent') = 'number'
			THEN round(least(greatest((metadata ->> 'completionPercent')::numeric, 0), 1), 30)::double precision
		WHEN jsonb_typeof(metadata -> 'completion') = 'number'
			THEN round(least(greatest((metadata ->> 'completion')::numeric, 0), 1), 30)::double precision
		WHEN wanzami.seconds(metadata -> 'durationSec') > 0
			THEN least(greatest(wanzami.seconds(metadata -> 'positionSec')::double precision / wanzami.seconds(metadata -> 'durationSec')::double precision, 0), 1)
	END
$$;
