-- GET /api/admin/uploads (docs/compatibility.md#upload-list): returns 200 with the 50 newest uploads. Clients poll it
-- without a pause while an upload is active.
SELECT 200 AS status, json_build_object('uploads', coalesce(json_agg(json_build_object('id', u."id"::text, 'status', u."status",
	'bytesUploaded', u."bytesUploaded", 'bytesTotal', nullif(u."bytesTotal", 0), 'error', u."error", 'notes', coalesce(w.notes, '[]'),
	'createdAt', wanzami.iso(u."createdAt"), 'updatedAt', wanzami.iso(u."updatedAt")) ORDER BY u."createdAt" DESC, u."id" DESC), '[]'))::text AS body
FROM (SELECT * FROM "UploadJob" ORDER BY "createdAt" DESC, "id" DESC LIMIT 50) u
LEFT JOIN wanzami.transcode_job w ON w.upload_job_id = u."id"
