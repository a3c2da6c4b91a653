-- GET /console/api/operations: returns 200 with the lines of wanzami status.
SELECT 200 AS status, json_build_object('lines', (SELECT json_agg(json_build_object('section', section, 'name', name, 'value', value)
	ORDER BY array_position('{Processes,Database,Transcoding,Jobs,Leases,Mail,Payments,Store}', section), name) FROM wanzami.status()))::text AS body
FROM (SELECT $1, $2) request
