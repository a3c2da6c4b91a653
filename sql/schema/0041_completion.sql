-- How much of a film an event says that has been seen, from 0 to 1; NULL when it does not say (contract media §9.2). A share of
-- places is divided as JavaScript divides, to the last digit; a number given as such may be larger or smaller than any double.
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
