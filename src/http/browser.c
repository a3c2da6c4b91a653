/*
 * Classes of browsers, by the User-Agent header.
 */
#include <string.h>

#include "http/browser.h"
#include "http/request.h"

static int
has(const char *agent, const char *const words[])
{
	for (; *words != NULL; words++) {
		if (strstr(agent, *words) != NULL)
			return (1);
	}

	return (0);
}

int
browser_plays_hls(struct request *r)
{
	static const char *const	others[] = { "Android", "Windows", "Linux", "CrOS", "Chrom", "Edg/", "Edge/", "OPR/", "Firefox/", NULL };
	static const char *const	mobile[] = { "(iPhone", "(iPad", "(iPod", NULL };
	static const char *const	desktop[] = { "Version/", "CriOS/", "FxiOS/", "EdgiOS/", NULL };
	const char			*agent;

	if (!http_request_header(r->kore, "user-agent", &agent) || strstr(agent, "AppleWebKit/") == NULL || has(agent, others))
		return (0);

	/* An iPad that asks for the pages of computers claims to be a Mac; Chrome, Firefox and Edge name themselves CriOS, FxiOS and EdgiOS there, too. */
	return (has(agent, mobile) || (strstr(agent, "(Macintosh;") != NULL && has(agent, desktop)));
}
