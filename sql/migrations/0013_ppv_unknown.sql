-- Payments whose reference no purchase has, as after a restore: the purchase was made after the time to which the database went back. The
-- cron job payments verifies them with the gateway (sql/functions/ppv/ppv_found.sql). "state" is due, or held: a person has to look at it,
-- because of "last_error". Held ones are verified again each day.
CREATE TABLE IF NOT EXISTS wanzami.ppv_unknown (
	gateway TEXT NOT NULL,
	reference TEXT NOT NULL,
	state TEXT NOT NULL DEFAULT 'due',
	attempts INTEGER NOT NULL DEFAULT 0,
	next_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	last_error TEXT,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	PRIMARY KEY (gateway, reference)
);

-- Reports of webhooks about these payments: the arguments of wanzami.ppv_settle(), applied in this order when the purchase exists.
CREATE TABLE IF NOT EXISTS wanzami.ppv_unknown_report (
	id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	gateway TEXT NOT NULL,
	reference TEXT NOT NULL,
	says TEXT NOT NULL,
	minor NUMERIC,
	currency TEXT,
	trx TEXT,
	fact TEXT,
	payload JSONB,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	FOREIGN KEY (gateway, reference) REFERENCES wanzami.ppv_unknown ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ppv_unknown_report_reference ON wanzami.ppv_unknown_report (gateway, reference);
