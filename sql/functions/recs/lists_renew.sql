-- Starts a new generation of recommendation lists and waits for other calls to end. Deletes lists that nobody has asked for since
-- yesterday.
CREATE OR REPLACE FUNCTION wanzami.lists_renew() RETURNS void LANGUAGE sql AS $$
	UPDATE wanzami.list_generation SET number = number + 1;
	DELETE FROM wanzami.list_cache WHERE made_at < now() - interval '1 day'
$$;
