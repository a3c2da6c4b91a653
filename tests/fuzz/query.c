/*
 * Query strings and country headers: the parameters are a JSON object, a
 * parameter that is found stands in it, and a country is short upper-case text.
 * The input is the query string, then lines "header: value".
 */
#include "fuzz.h"

#include <ctype.h>

#include <kore/http.h>

#include "base/json.h"
#include "http/audience.h"
#include "http/query.h"

#define HEADERS_MAX	8

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	kore_mem_init();

	return (0);
}

static void
query_check(struct http_request *req)
{
	struct kore_buf	buf;
	struct json	doc;
	char		out[AUDIENCE_COUNTRY_MAX], *plain;
	int		node;

	kore_buf_init(&buf, 16);
	query_json(req, &buf);
	MUST(json_parse(&doc, (char *)buf.data, buf.offset) == NULL && json_kind(&doc, 0) == JSMN_OBJECT);
	if (query_get(req, "country", out, sizeof(out)) && (node = json_get(&doc, 0, "country")) > 0 && strlen(out) < sizeof(out) - 1 &&
	    strstr(req->query_string, "%") == NULL) {
		plain = json_plain(&doc, node);
		MUST(!strcmp(plain, out) || strpbrk(out, "\x80\xff") != NULL || strstr(plain, "\xef\xbf\xbd") != NULL);
		free(plain);
	}
	json_free(&doc);
	kore_buf_cleanup(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct http_request	req = { 0 };
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
	query_check(&req);
	memset(country, 'x', sizeof(country));
	audience_country(&req, 1, country);
	MUST(memchr(country, '\0', sizeof(country)) != NULL && *country != '\0');
	for (p = country; *p != '\0'; p++)
		MUST(!(*p >= 'a' && *p <= 'z'));
	maturity = audience_maturity(&req);
	MUST(!strcmp(maturity, "kid") || !strcmp(maturity, "teen") || !strcmp(maturity, "all"));
	free(text);

	return (0);
}
