"""Viewers and titles for benchmarks and soak tests."""
import ctypes
import ctypes.util

VIEWERS, TITLES = 40, 400
PASSWORD, SALT = "Correct-horse-1", b"$2b$10$abcdefghijklmnopqrstuu"

FILL = """
INSERT INTO "User" ("id", "email", "password", "name", "role", "emailVerified", "updatedAt")
SELECT i, 'viewer' || i || '@example.com', '%(hash)s', 'V', CASE WHEN i = 1 THEN 'SUPER_ADMIN' ELSE 'USER' END::"Role", true, now() FROM generate_series(1, %(viewers)d) i;
INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "expiresAt") SELECT i, 'd', 'r' || i, now() + interval '1 day' FROM generate_series(1, %(viewers)d) i;
INSERT INTO "Device" ("userId", "deviceId") SELECT i, 'd' FROM generate_series(1, %(viewers)d) i;
INSERT INTO "Profile" ("id", "userId", "name", "country", "updatedAt") SELECT i, i, 'P', 'NG', now() FROM generate_series(1, %(viewers)d) i;
INSERT INTO "Title" ("id", "type", "name", "description", "genres", "releaseDate", "updatedAt", "archived", "pendingReview")
SELECT i, CASE WHEN i %% 4 = 0 THEN 'SERIES' ELSE 'MOVIE' END::"TitleType", 'Film ' || i, repeat('A family returns to Lagos. ', 9), ARRAY['G' || i %% 8, 'G' || i %% 5],
	timestamp '2000-01-01' + i * interval '1 day', now(), false, false FROM generate_series(1, %(titles)d) i;
INSERT INTO "Episode" ("titleId", "seasonNumber", "episodeNumber", "name", "updatedAt") SELECT 4 * t, 1, e, 'E', now() FROM generate_series(1, %(titles)d / 4) t, generate_series(1, 8) e;
INSERT INTO "EngagementEvent" ("profileId", "titleId", "eventType", "occurredAt", "metadata")
SELECT p, 1 + (p * 7 + e) %% 60, CASE WHEN e %% 9 = 0 THEN 'THUMBS_UP' ELSE 'PLAY_END' END::"EventType", timezone('UTC', now()) - e * interval '1 hour', '{"completionPercent":0.4}'
FROM generate_series(1, %(viewers)d) p, generate_series(1, 100) e;
INSERT INTO "PopularitySnapshot" ("country", "type", "window", "items")
SELECT 'NG', 'MOVIE', 'DAILY', (SELECT jsonb_agg(jsonb_build_object('titleId', (4 * i + 1)::text, 'count', 100 - i)) FROM generate_series(0, 9) i);
"""


def bcrypt():
    lib = ctypes.CDLL(ctypes.util.find_library("crypt"))
    lib.crypt.restype = ctypes.c_char_p
    return lib.crypt
