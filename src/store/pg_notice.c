/*
 * Notices and warnings of the PostgreSQL server in the log, a line for each.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "store/pg_notice.h"

#define WARNING	"WARNING:"

static void
notice_log(void *ctx, const char *text)
{
	char	line[512];

	(void)ctx;
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
	log_event(strncmp(line, WARNING, strlen(WARNING)) ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "database notice", LOG_S("notice", line));
}

void
pg_notice_log(PGconn *db)
{
	(void)PQsetNoticeProcessor(db, notice_log, NULL);
}
