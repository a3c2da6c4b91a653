-- Cron job payments-compare, step 1 (docs/payments.md#comparison): returns the first and the last day (UTC) of the span.
-- $1: first day, NULL for three days ago.
-- $2: last day, NULL for today.
SELECT to_char(coalesce($1::date, (now() AT TIME ZONE 'UTC')::date - 3), 'YYYY-MM-DD'), to_char(coalesce($2::date, (now() AT TIME ZONE 'UTC')::date), 'YYYY-MM-DD')
