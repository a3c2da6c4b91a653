-- The ledger of purchases. What the payment gateways report is a set of facts; the status of a purchase is computed from the whole set, so
-- that order and repetition of the messages do not matter (sql/functions/ppv/ppv_status.sql). wanzami.ppv_reversal is read for purchases
-- of earlier releases only.

-- "kind" is charge, failed, expired, refund, disputed, won, lost or thanked (the mail for the purchase was queued). "key" is the gateway's
-- id of the transaction, the refund or the dispute, '' if the message has none. "minor" is the amount of a refund in kobo or cents; NULL
-- is the whole amount.
CREATE TABLE IF NOT EXISTS wanzami.ppv_fact (
	purchase_id BIGINT NOT NULL REFERENCES "PpvPurchase" ("id") ON DELETE CASCADE,
	kind TEXT NOT NULL,
	key TEXT NOT NULL DEFAULT '',
	minor NUMERIC,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	PRIMARY KEY (purchase_id, kind, key)
);

-- Refunds of Flutterwave that name a transaction which no purchase has yet. They are applied when the charge arrives.
CREATE TABLE IF NOT EXISTS wanzami.ppv_early_refund (
	transaction TEXT NOT NULL,
	key TEXT NOT NULL,
	minor NUMERIC,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	PRIMARY KEY (transaction, key)
);

-- Payments that have to be refunded, because the buyer has paid for the title before. "state" is due, requested (the gateway has accepted
-- the refund) or refused (a person has to refund it).
CREATE TABLE IF NOT EXISTS wanzami.ppv_refund (
	purchase_id BIGINT PRIMARY KEY REFERENCES "PpvPurchase" ("id") ON DELETE CASCADE,
	state TEXT NOT NULL DEFAULT 'due',
	attempts INTEGER NOT NULL DEFAULT 0,
	next_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	last_error TEXT,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
