-- Rejects updates that lower a fencing token.
CREATE OR REPLACE TRIGGER fence_grows BEFORE UPDATE OF fence ON wanzami.transcode_job
	FOR EACH ROW WHEN (new.fence < old.fence) EXECUTE FUNCTION wanzami.fence_grows();
