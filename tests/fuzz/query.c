/*
 * Query strings and country headers: the declared parameters are a JSON object,
 * a number in it has its limits, and a country is short upper-case text.
 * The input is the query string, then lines "header: value".
 */
#include "fuzz.h"

#include <ctype.h>

#include <kore/http.h>

#include "base/json.h"
#include "http/audience.h"
#include "http/body.h"
#include "http/query.h"
#include "http/request.h"
#include "http/route.h"

#define HEADERS_MAX	8

FUZZ_BEGIN(kore_mem_init())

static const struct param	declared[] = {
	PARAMS_AUDIENCE,
	PARAM("text", PARAM_TEXT),
	PARAM("choice", PARAM_CHOICE, .choices = "A|BC", .any_case = 1),
	PARAM("id", PARAM_ID),
	PARAM("digits", PARAM_DIGITS),
	PARAM("count", PARAM_COUNT),
	PARAM("hours", PARAM_NUMBER, .first = 1, .refuse = 1, .min = -1e7, .max = 1e7, .otherwise = "24"),
	PARAM("days", PARAM_POSITIVE, .max = 90),
	PARAM_END
};

static void
object_check(struct request *r)
{
	struct json	doc;
	double		hours;
	int		node;

	if (!query_check(r)) {
		MUST(r->refusal_status == 400 && !strcmp(r->refusal_body, "{\"message\":\"Invalid hours\"}"));
		return;
	}
	MUST(json_parse(&doc, r->query, strlen(r->query)) == NULL && json_kind(&doc, 0) == JSMN_OBJECT);
	MUST((node = json_get(&doc, 0, "hours")) > 0 && json_kind(&doc, node) == 0);
	hours = body_number(&doc, node);
	MUST(hours >= -1e7 && hours <= 1e7);
	MUST(json_get(&doc, 0, "country") < 0 && json_get(&doc, 0, "kidMode") < 0);
	json_free(&doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct http_request	req = { 0 };
	struct route		route = { .query = declared };
	struct request		*r = calloc(1, sizeof(*r));
	struct http_header	headers[HEADERS_MAX];
	char			*text = text_of(data, len), *line, *rest = text, *colon, country[AUDIENCE_COUNTRY_MAX];
	const char		*maturity, *p;
	size_t			n = 0;

	TAILQ_INIT(&req.req_headers);
	req.query_string = strsep(&rest, "\n");
	while (n < HEADERS_MAX && (line = strsep(&rest, "\n")) != NULL) {
		if ((colon = strstr(line, ": ")) == NULL)
			continue;
		*colon = '\0';
		headers[n].header = line;
		headers[n].value = colon + 2;
		TAILQ_INSERT_TAIL(&req.req_headers, &headers[n], list);
		n++;
	}
	r->kore = &req;
	r->route = &route;
	r->query = "{}";
	req.hdlr_extra = r;
	object_check(r);
	memset(country, 'x', sizeof(country));
	audience_country(r, country);
	MUST(memchr(country, '\0', sizeof(country)) != NULL && *country != '\0');
	for (p = country; *p != '\0'; p++)
		MUST(!(*p >= 'a' && *p <= 'z'));
	maturity = audience_maturity(r);
	MUST(!strcmp(maturity, "kid") || !strcmp(maturity, "teen") || !strcmp(maturity, "all"));
	request_forget(&req);
	free(text);

	return (0);
}
