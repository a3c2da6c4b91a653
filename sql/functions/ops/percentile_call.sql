-- Returns a percentile of the durations of calls to the database, Valkey or object storage, in ms. n: of wanzami.traffic, with the buckets
-- of src/base/counter.c.
CREATE OR REPLACE FUNCTION wanzami.percentile_call(n bigint[], part double precision) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT wanzami.percentile(n[4:15], part, '{0.25,0.5,1,2.5,5,10,25,50,100,500,2000}')
$$;
