-- Command wanzami status: returns one row for each line of its output, in the order of the sections.
SELECT section, name, value FROM wanzami.status()
ORDER BY array_position('{Processes,Database,Transcoding,Jobs,Leases,Mail,Payments,Store}', section), name
