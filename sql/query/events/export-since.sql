-- The moment $1 days ago, and today's date.
SELECT wanzami.now() - $1::int * interval '1 day' AS since, to_char(wanzami.now(), 'YYYY-MM-DD') AS today
