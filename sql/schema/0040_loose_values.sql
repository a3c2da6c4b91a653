-- Numbers, ids and dates of loose bodies are read as the old service read them (contract media §2.6, README 19).

-- The number that a text in hexadecimal digits behind 0x stands for; NULL for any other text.
CREATE FUNCTION wanzami.hexadecimal(digits text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT ('x' || lpad(substring(digits FROM '^\s*0[xX]([0-9a-fA-F]{1,15})\s*$'), 16, '0'))::bit(64)::bigint
$$;

-- The number that a field holds: one, true or false for 1 and 0, or a text that reads as one. NULL for anything else; empty texts
-- and null are none (CAT-7).
CREATE FUNCTION wanzami.field_numeric(body jsonb, field text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE jsonb_typeof(body -> field)
		WHEN 'number' THEN (body ->> field)::numeric
		WHEN 'boolean' THEN (body ->> field)::boolean::int
		WHEN 'string' THEN CASE
			WHEN body ->> field ~ '^\s*[+-]?([0-9]{1,15}(\.[0-9]*)?|\.[0-9]{1,15})([eE][+-]?[0-9]{1,2})?\s*$' THEN (body ->> field)::numeric
			ELSE wanzami.hexadecimal(body ->> field) END
	END
$$;

CREATE OR REPLACE FUNCTION wanzami.field_is_number(body jsonb, field text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT wanzami.field_numeric(body, field) IS NOT NULL
$$;

-- A whole number of 32 bits; NULL for what is no number.
CREATE OR REPLACE FUNCTION wanzami.field_integer(body jsonb, field text) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE value numeric := wanzami.field_numeric(body, field);
BEGIN
	IF value <> trunc(value) OR value NOT BETWEEN -2147483648 AND 2147483647 THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN value::integer;
END $$;

-- Of payments: a number, or a text that reads as one; NULL for anything else.
CREATE OR REPLACE FUNCTION wanzami.field_amount(body jsonb, field text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN jsonb_typeof(body -> field) <> 'boolean' THEN wanzami.field_numeric(body, field) END
$$;

-- A date, with or without a time, or only a year or a month; what is falsy in JavaScript is none.
CREATE OR REPLACE FUNCTION wanzami.field_date(body jsonb, field text) RETURNS timestamp LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	stamp text := btrim(coalesce(body ->> field, ''));
	moment timestamp;
BEGIN
	IF stamp IN ('', '0', 'false') THEN
		RETURN NULL;
	END IF;
	-- Not the words that PostgreSQL knows, like tomorrow.
	IF jsonb_typeof(body -> field) = 'string'
	AND stamp ~* '^([0-9]|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)[a-z]*[ ,.])' THEN
		stamp := stamp || CASE WHEN stamp ~ '^[0-9]{4}$' THEN '-01-01' WHEN stamp ~ '^[0-9]{4}-[0-9]{2}$' THEN '-01' ELSE '' END;
		moment := date_trunc('milliseconds', timezone('UTC', stamp::timestamptz));
	END IF;
	IF moment IS NULL OR moment NOT BETWEEN '0001-01-01' AND '9999-12-31 23:59:59.999' THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN moment;
EXCEPTION WHEN data_exception THEN
	PERFORM wanzami.refuse(400, 'Invalid ' || field);
END $$;

-- An id of an event, a number or a text of digits, hexadecimal ones behind 0x; an empty text is 0. NULL when it is none.
CREATE OR REPLACE FUNCTION wanzami.event_id(value jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN btrim(value #>> '{}') = '' THEN 0 WHEN btrim(value #>> '{}') ~ '^[+-]?[0-9]{1,18}$' THEN btrim(value #>> '{}')::bigint
		ELSE wanzami.hexadecimal(value #>> '{}') END
$$;

-- Whether an entry of a list of seasons says which one it is about: those that do not are skipped (§4.13).
CREATE FUNCTION wanzami.season_meant(entry jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT wanzami.truthy(entry -> 'seasonNumber') OR coalesce(entry -> 'seasonNumber' = '0', false)
$$;
