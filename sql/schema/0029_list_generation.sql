-- Grows with each run of a job that lists of recommendations stand on; a remembered list of an earlier number does not count
-- any more. It changes in the transaction that changes what the lists are made of, so whoever sees the one sees the other.
CREATE TABLE IF NOT EXISTS wanzami.list_generation (number BIGINT NOT NULL);
INSERT INTO wanzami.list_generation SELECT 1 WHERE NOT EXISTS (SELECT FROM wanzami.list_generation);

-- Begins such a run; others wait for its end. What nobody has asked for since yesterday is forgotten.
CREATE FUNCTION wanzami.lists_renew() RETURNS void LANGUAGE sql AS $$
	UPDATE wanzami.list_generation SET number = number + 1;
	DELETE FROM wanzami.list_cache WHERE made_at < now() - interval '1 day'
$$;
