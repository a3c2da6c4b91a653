/*
 * Files that the binary carries, shown as they are: pages, their styles and
 * scripts, documents.
 */
#ifndef WANZAMI_PAGE_H
#define WANZAMI_PAGE_H

#include "http/request.h"

/* What a page may load that needs nobody but us. */
#define PAGE_POLICY	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " \
			"form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

/*
 * Answers with the embedded file of that path, which must exist, or with 304
 * to a client that has it. policy is its Content-Security-Policy and is copied.
 * Event loop only.
 */
void	page_reply(struct request *, const char *path, const char *type, const char *policy);

#endif
