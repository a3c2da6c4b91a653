-- Cron job similarities, step 3: returns the titles of each basket.
SELECT array_to_string(b.titles, ',') AS titles FROM wanzami.basket b
