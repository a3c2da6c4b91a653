-- Returns a percentile of durations, interpolated linearly within its bucket; NULL if nothing was counted. bucket has the number of
-- durations up to each limit, then those above the last one, which count as that limit. The sum of the buckets of several processes
-- gives the percentile of all their requests.
CREATE OR REPLACE FUNCTION wanzami.percentile(bucket bigint[], part double precision, limits double precision[]) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
	rank double precision := 0;
	below bigint := 0;
	lower double precision := 0;
	n bigint;
BEGIN
	FOREACH n IN ARRAY bucket LOOP
		rank := rank + n;
	END LOOP;
	IF rank = 0 THEN
		RETURN NULL;
	END IF;
	rank := rank * part;
	FOR i IN 1 .. cardinality(limits) LOOP
		n := bucket[i];
		IF n > 0 AND below + n >= rank THEN
			RETURN round((lower + (limits[i] - lower) * (rank - below) / n)::numeric, 2);
		END IF;
		below := below + n;
		lower := limits[i];
	END LOOP;
	RETURN lower::numeric;
END $$;
