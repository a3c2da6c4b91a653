-- Mail sender: records the result of an attempt (wanzami.mail_settle()). Returns no row if the claim was lost.
-- $1: mail id.
-- $2: token of the claim.
-- $3: sent, refused, later, relay, alarm or dropped.
-- $4: error or NULL.
-- $5: hours after which a mail that was not sent is given up.
SELECT gone::int, pause, alarm::int, failed FROM wanzami.mail_settle($1::bigint, $2, $3, $4, $5::int * interval '1 hour')
