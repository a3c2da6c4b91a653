-- Cron job event-export, step 1: returns the time $1 days ago and today's date.
-- $1: days.
SELECT wanzami.now() - $1::int * interval '1 day' AS since, to_char(wanzami.now(), 'YYYY-MM-DD') AS today
