-- wanzami status: sections in their order, one line each.
SELECT section, name, value FROM wanzami.status()
ORDER BY array_position('{Processes,Database,Transcoding,Jobs,Leases,Mail,Store}', section), name
