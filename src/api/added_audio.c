/*
 * Audio tracks of a film for editors (docs/compatibility.md#audio-tracks): their list,
 * and the removal of those that were added. uploads.c takes the files.
 */
#include "http/route.h"

#define EDITORS	.guard = "movies:manage", .strict = 1

ROUTE_SQL(GET, "/api/admin/titles/:id/audio", "audio/title-list", EDITORS, .id = "title");
ROUTE_SQL(GET, "/api/admin/episodes/:id/audio", "audio/episode-list", EDITORS, .id = "episode");
ROUTE_SQL(DELETE, "/api/admin/audio/:id", "audio/delete", EDITORS, .id = "audio");
