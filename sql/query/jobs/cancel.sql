-- $1 process id of the server's for the connection that works for us.
SELECT pg_cancel_backend($1::int)
