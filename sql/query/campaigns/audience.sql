-- GET /api/admin/email/audience/users and GET /api/admin/email/audience (docs/compatibility.md#campaign-audience): returns
-- 200 with the viewers' e-mail addresses, by page if limit or offset are given. total always counts all viewers.
-- $1: query.limit, query.offset.
SELECT 200 AS status, json_build_object('recipients', coalesce((SELECT json_agg(r) FROM (
	SELECT u."email", u."name" FROM "User" u WHERE u."role" = 'USER' ORDER BY u."createdAt", u."id"
	LIMIT ($1 #>> '{query,limit}')::bigint OFFSET ($1 #>> '{query,offset}')::bigint
) r), '[]'), 'total', (SELECT count(*) FROM "User" WHERE "role" = 'USER'))::text AS body
