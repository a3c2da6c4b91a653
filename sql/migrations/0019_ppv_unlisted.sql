-- Purchases that are paid here and that the gateway's list lacks (docs/payments.md#comparison). Without "last_error" the gateway has still
-- to be asked about the payment itself; with it, a person has to look at the purchase.
CREATE TABLE IF NOT EXISTS wanzami.ppv_unlisted (
	purchase_id BIGINT PRIMARY KEY REFERENCES "PpvPurchase" ("id") ON DELETE CASCADE,
	last_error TEXT,
	created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
