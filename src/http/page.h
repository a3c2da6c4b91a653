/*
 * Files embedded in the binary, served unchanged: HTML pages, styles, scripts,
 * documents.
 */
#ifndef WANZAMI_PAGE_H
#define WANZAMI_PAGE_H

#include "http/request.h"

/* Content-Security-Policy of a page that loads resources of this server only. */
#define PAGE_POLICY	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " \
			"form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

/* Returns 1 if page_reply() has a file of that path. Any thread. */
int	page_exists(const char *path);

/*
 * Answers with the embedded file of that path, which must exist, or with 304
 * if the client has its ETag. policy is the Content-Security-Policy; it is
 * copied. Event loop only.
 */
void	page_reply(struct request *, const char *path, const char *type, const char *policy);

/*
 * Answers GET /…/:file with the embedded file of that name in folder: a style
 * sheet (.css), a script (.js) or a text (.md); otherwise with 404. policy as
 * for page_reply(). Event loop only.
 */
void	page_file_reply(struct request *, const char *folder, const char *policy);

#endif
