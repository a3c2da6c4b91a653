-- Returns a percentile of the durations of requests, in ms. n: of wanzami.traffic, with the buckets of src/http/metrics.c.
CREATE OR REPLACE FUNCTION wanzami.percentile_request(n bigint[], part double precision) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT wanzami.percentile(n[4:15], part, '{1,5,10,25,50,100,250,500,1000,2500,10000}')
$$;
