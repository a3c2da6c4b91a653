-- Cron job similarities, step 2: returns the titles of all baskets, those with the newest events first.
SELECT t."id" FROM "Title" t JOIN (
	SELECT u.title, max(u.latest) AS latest FROM wanzami.basket b, unnest(b.titles, b.latest) u (title, latest) GROUP BY u.title) w ON w.title = t."id"
ORDER BY w.latest DESC, t."id"
