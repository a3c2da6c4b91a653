-- A row for each command that has changed the public catalogue or its lists. The set of committed rows changes with every such change, so
-- that processes see by it if what they have cached is current (src/http/generation.h). Rows of concurrent transactions do not wait for
-- each other. wanzami.catalogue_changed() deletes old ones.
CREATE TABLE wanzami.catalogue_change (
	id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	made_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
