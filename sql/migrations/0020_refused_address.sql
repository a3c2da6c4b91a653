-- E-mail addresses that the mail server has refused for good, which get no campaigns. "address" is wanzami.digest() of the address in lower
-- case, as in wanzami.unsubscribed. "mail_id" is the mail that was refused: while wanzami.mail_doubt has it as refused, the refusal may
-- still turn out to be about us.
CREATE TABLE wanzami.refused_address (
	address TEXT PRIMARY KEY,
	mail_id BIGINT NOT NULL,
	since TIMESTAMPTZ NOT NULL DEFAULT now()
);
