-- Returns a date field in UTC, with or without a time, or only a year or a month. Values that are false in JavaScript return NULL.
-- Anything else ends the request with 400.
CREATE OR REPLACE FUNCTION wanzami.field_date(body jsonb, field text) RETURNS timestamp LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	stamp text := btrim(coalesce(body ->> field, ''));
	moment timestamp;
BEGIN
	IF stamp IN ('', '0', 'false') THEN
		RETURN NULL;
	END IF;
	-- Excludes the words that PostgreSQL accepts as dates, such as tomorrow.
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
