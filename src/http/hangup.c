/*
 * The steps of Kore after a client has disconnected (Kore 4.2.3, connection.c:
 * kore_connection_disconnect, kore_connection_remove).
 */
#if defined(HANGUP_HOOK)
#include <stdlib.h>
#include <string.h>

#include "http/hangup.h"
#include "http/request.h"

/* Returns the step that X-Hangup names for this await, or NULL. */
static const char *
hangup_order(const struct request *r)
{
	const char	*text;
	char		*order;

	if (!request_present(r) || !http_request_header(r->kore, "x-hangup", &text) || strtol(text, &order, 10) != r->awaits || *order != ' ')
		return (NULL);

	return (order + 1);
}

static void
hangup_prune(struct http_request *kore)
{
	TAILQ_REMOVE(&kore->owner->http_requests, kore, olist);
	kore->owner = NULL;
	kore->flags |= HTTP_REQUEST_DELETE;
	http_request_wakeup(kore);
}

void
hangup_wait(struct request *r)
{
	const char	*order;

	r->awaits++;
	if ((order = hangup_order(r)) != NULL && !strcmp(order, "wait"))
		kore_connection_disconnect(r->kore->owner);
}

void
hangup_resume(struct request *r)
{
	struct http_request	*kore = r->kore;
	const char		*order = hangup_order(r);

	if (order == NULL || !strcmp(order, "wait"))
		return;
	kore_connection_disconnect(kore->owner);
	if (!strcmp(order, "prune") || !strcmp(order, "free"))
		hangup_prune(kore);
	if (!strcmp(order, "free"))
		request_forget(kore);
}
#else
typedef int	hangup_is_for_tests;	/* ISO C requires a declaration in each file */
#endif
