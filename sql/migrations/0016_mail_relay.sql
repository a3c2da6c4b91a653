-- State of the way to the SMTP server, one row that all processes share. "failures" counts the attempts in a row that failed because of the
-- server, the network or the configuration. Nothing is sent before "paused_until", and then one mail, whose claim is "probe". "refusal" is
-- the last refusal of a recipient, "refused_to" the recipients in a row that got the same, three at most.
CREATE TABLE IF NOT EXISTS wanzami.mail_relay (
	id INTEGER PRIMARY KEY DEFAULT 1 CHECK (id = 1),
	failures INTEGER NOT NULL DEFAULT 0,
	paused_until TIMESTAMPTZ NOT NULL DEFAULT '-infinity',
	probe TEXT,
	since TIMESTAMPTZ,
	alarmed BOOLEAN NOT NULL DEFAULT false,
	error TEXT,
	refusal TEXT,
	refused_to TEXT[],
	sent BIGINT NOT NULL DEFAULT 0,
	given_up BIGINT NOT NULL DEFAULT 0
);
INSERT INTO wanzami.mail_relay DEFAULT VALUES ON CONFLICT DO NOTHING;

-- Mails whose recipient was refused with the text of mail_relay.refusal. "vars" are those of the mail, until another recipient is accepted or
-- refused otherwise. If the same refusal comes again and again, the mails wait again: "state" is then held, and judged once the server
-- has accepted another mail; after that a refusal is final.
CREATE TABLE IF NOT EXISTS wanzami.mail_doubt (
	mail_id BIGINT PRIMARY KEY REFERENCES wanzami.mail_outbox ON DELETE CASCADE,
	state TEXT NOT NULL DEFAULT 'refused' CHECK (state IN ('refused', 'held', 'judged')),
	vars JSONB,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Mails of test campaigns are tried once.
ALTER TABLE wanzami.mail_outbox ADD COLUMN IF NOT EXISTS once BOOLEAN NOT NULL DEFAULT false;
