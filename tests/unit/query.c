/*
 * Query strings against declared parameters, and the country of a request.
 */
#include "unit.h"

#include <kore/http.h>

#include "http/audience.h"
#include "http/query.h"
#include "http/request.h"
#include "http/route.h"

static const struct param	got[] = { PARAM("a", PARAM_TEXT), PARAM("b", PARAM_TEXT), PARAM_END };
static const struct param	audience[] = { PARAMS_AUDIENCE, PARAM_END };

/* Returns a request with this query string to a route with these parameters. request_forget(r->kore) frees it. */
static struct request *
request_make(struct http_request *kore, struct route *route, const struct param *query, char *text)
{
	struct request	*r = calloc(1, sizeof(*r));

	memset(kore, 0, sizeof(*kore));
	memset(route, 0, sizeof(*route));
	kore->query_string = text;
	kore->hdlr_extra = r;
	TAILQ_INIT(&kore->req_headers);
	route->query = query;
	r->kore = kore;
	r->route = route;
	r->query = "{}";

	return (r);
}

static void
get(void **state)
{
	static const struct { const char *query, *name, *value; } cases[] = {
		{ "a=1", "a", "1" }, { "a=1&b=2", "b", "2" }, { "a=1&a=2", "a", "1" }, { "a=", "a", "" }, { "ab=1", "a", NULL }, { "a", "a", NULL },
		{ "", "a", NULL }, { "a=x+y%20z%2B", "a", "x y z+" }, { "a=%C3%A9", "a", "\xc3\xa9" }, { "a=%", "a", NULL }, { "a=%4", "a", NULL },
		{ "a=%zz", "a", NULL }, { "a=%ff", "a", NULL }, { "a=%00", "a", NULL }, { "a=%4&a=2", "a", NULL }, { "a=1=2", "a", "1=2" }, { "&&a=1", "a", "1" },
		{ "%61=1", "a", "1" }, { "%zz=1&a=2", "a", "2" }, { "a=123456789", "a", "1234567" }, { "c=1", "c", NULL },
		{ "a=123456%C3%A9", "a", "123456" }, { "a=12345%C3%A9", "a", "12345\xc3\xa9" }, { "a=1234567%ff", "a", "1234567" },
	};
	struct http_request	kore;
	struct route		route;
	struct request		*r;
	char			query[64], out[8];
	size_t			i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		strcpy(query, cases[i].query);
		r = request_make(&kore, &route, got, query);
		if (query_get(r, cases[i].name, out, sizeof(out)) != (cases[i].value != NULL))
			fail_msg("%s", cases[i].query);
		if (cases[i].value != NULL)
			assert_string_equal(out, cases[i].value);
		request_forget(&kore);
	}
	r = request_make(&kore, &route, got, NULL);
	assert_false(query_get(r, "a", out, sizeof(out)));
	request_forget(&kore);
	r = request_make(&kore, &route, NULL, query);
	assert_false(query_get(r, "a", out, sizeof(out)));
	request_forget(&kore);
}

/* Returns the result of query_check() for a query string: the object, or the refusal. */
static char *
checked(const struct param *declared, const char *text)
{
	struct http_request	kore;
	struct route		route;
	struct request		*r;
	char			query[128], *out;

	strcpy(query, text);
	r = request_make(&kore, &route, declared, query);
	out = strdup(query_check(r) ? r->query : r->refusal_body);
	request_forget(&kore);

	return (out);
}

struct pair {
	const char	*query, *json;
};

static void
pairs_check(const struct param *declared, const struct pair *pairs, size_t n)
{
	char	*out;
	size_t	i;

	for (i = 0; i < n; i++) {
		out = checked(declared, pairs[i].query);
		if (strcmp(out, pairs[i].json) != 0)
			fail_msg("%s: %s, not %s", pairs[i].query, out, pairs[i].json);
		free(out);
	}
}

static void
objects(void **state)
{
	static const struct param	texts[] = { PARAM("a", PARAM_TEXT), PARAM("f", PARAM_TEXT, .first = 1), PARAM("d", PARAM_TEXT, .otherwise = "x\""), PARAM("u", PARAM_UNUSED), PARAM_END };
	static const struct pair	pairs[] = {
		{ "", "{\"d\":\"x\\\"\"}" }, { "a=1&d=2", "{\"a\":\"1\",\"d\":\"2\"}" }, { "d=2&a=1", "{\"a\":\"1\",\"d\":\"2\"}" }, { "a=1&a=2&d=", "{\"d\":\"\"}" },
		{ "d=&f=1&f=2", "{\"f\":\"1\",\"d\":\"\"}" }, { "d=&f=&f=2", "{\"f\":\"\",\"d\":\"\"}" }, { "d=&a&f", "{\"d\":\"\"}" }, { "d=&ab=1&x=2&u=3", "{\"d\":\"\"}" },
		{ "d=&a=%zz+", "{\"a\":\"%zz \",\"d\":\"\"}" }, { "d=&a=100%", "{\"a\":\"100%\",\"d\":\"\"}" }, { "d=&a=%zz%00", "{\"d\":\"\"}" }, { "d=&a=%00", "{\"d\":\"\"}" },
		{ "d=&%61=1", "{\"a\":\"1\",\"d\":\"\"}" }, { "d=&%61=1&a=2", "{\"d\":\"\"}" }, { "d=&a=%ff", "{\"a\":\"%ff\",\"d\":\"\"}" }, { "&&&d=&", "{\"d\":\"\"}" }, { "d=&a=%22", "{\"a\":\"\\\"\",\"d\":\"\"}" },
	};

	(void)state;
	pairs_check(texts, pairs, LENGTH(pairs));
}

static void
numbers(void **state)
{
	static const struct param	count[] = { PARAM("n", PARAM_COUNT), PARAM_END };
	static const struct param	page[] = { PARAM("n", PARAM_COUNT, .min = 1, .max = 200, .otherwise = "50"), PARAM_END };
	static const struct param	digits[] = { PARAM("n", PARAM_DIGITS, .first = 1, .refuse = 1, .otherwise = "7"), PARAM_END };
	static const struct param	id[] = { PARAM("n", PARAM_ID, .refuse = 1), PARAM_END };
	static const struct param	hours[] = { PARAM("n", PARAM_NUMBER, .refuse = 1, .min = -1e7, .max = 1e7, .otherwise = "24"), PARAM_END };
	static const struct param	days[] = { PARAM("n", PARAM_POSITIVE, .max = 90), PARAM_END };
	static const struct pair	counts[] = {
		{ "n=2", "{\"n\":2}" }, { "n=0", "{\"n\":0}" }, { "n=-0", "{\"n\":0}" }, { "n=+5%09", "{\"n\":5}" }, { "n=0x10", "{\"n\":16}" }, { "n=1e1", "{\"n\":10}" }, { "n=2.0", "{\"n\":2}" },
		{ "n=999999999999999", "{\"n\":999999999999999}" }, { "n=1e15", "{\"n\":1e+15}" }, { "n=1e16", "{}" }, { "n=", "{}" }, { "n=+", "{}" }, { "n=%C2%A0", "{}" }, { "n=-1", "{}" },
		{ "n=1.5", "{}" }, { "n=x", "{}" }, { "n=1e400", "{}" }, { "n=NaN", "{}" }, { "n=Infinity", "{}" }, { "n=1&n=2", "{}" }, { "n=0x1p4", "{}" }, { "n=-0x1", "{}" },
	};
	static const struct pair	pages[] = { { "", "{\"n\":50}" }, { "n=", "{\"n\":50}" }, { "n=0", "{\"n\":50}" }, { "n=201", "{\"n\":50}" }, { "n=0.5", "{\"n\":50}" }, { "n=200", "{\"n\":200}" } };
	static const struct pair	several[] = {
		{ "", "{\"n\":7}" }, { "n=", "{\"n\":7}" }, { "n=010", "{\"n\":10}" }, { "n=1&n=x", "{\"n\":1}" }, { "n=999999999999999999", "{\"n\":999999999999999999}" },
		{ "n=1000000000000000000", "{\"message\":\"Invalid n\"}" }, { "n=+1", "{\"message\":\"Invalid n\"}" }, { "n=-1", "{\"message\":\"Invalid n\"}" }, { "n=1e1", "{\"message\":\"Invalid n\"}" },
	};
	static const struct pair	ids[] = {
		{ "", "{}" }, { "n=", "{}" }, { "n=+", "{}" }, { "n=0", "{\"n\":0}" }, { "n=%2B6%0A", "{\"n\":6}" }, { "n=9223372036854775807", "{\"n\":9223372036854775807}" },
		{ "n=9223372036854775808", "{\"message\":\"Invalid n\"}" }, { "n=-1", "{\"message\":\"Invalid n\"}" }, { "n=1.5", "{\"message\":\"Invalid n\"}" }, { "n=0x1", "{\"message\":\"Invalid n\"}" },
		{ "n=5+0", "{\"message\":\"Invalid n\"}" }, { "n=%2B", "{\"message\":\"Invalid n\"}" },
	};
	static const struct pair	amounts[] = {
		{ "", "{\"n\":24}" }, { "n=", "{\"n\":0}" }, { "n=1.5", "{\"n\":1.5}" }, { "n=0.1", "{\"n\":0.1}" }, { "n=-5", "{\"n\":-5}" }, { "n=1e-3", "{\"n\":0.001}" }, { "n=.1e2", "{\"n\":10}" },
		{ "n=0.30000000000000004", "{\"n\":0.30000000000000004}" }, { "n=1e7", "{\"n\":10000000}" }, { "n=10000001", "{\"message\":\"Invalid n\"}" }, { "n=abc", "{\"message\":\"Invalid n\"}" },
		{ "n=--1", "{\"message\":\"Invalid n\"}" }, { "n=Infinity", "{\"message\":\"Invalid n\"}" }, { "n=inf", "{\"message\":\"Invalid n\"}" }, { "n=1%00", "{\"n\":24}" },
	};
	static const struct pair	within[] = { { "n=90", "{\"n\":90}" }, { "n=0", "{}" }, { "n=91", "{}" }, { "n=0.5", "{\"n\":0.5}" }, { "n=-1", "{}" }, { "n=", "{}" } };

	(void)state;
	pairs_check(count, counts, LENGTH(counts));
	pairs_check(page, pages, LENGTH(pages));
	pairs_check(digits, several, LENGTH(several));
	pairs_check(id, ids, LENGTH(ids));
	pairs_check(hours, amounts, LENGTH(amounts));
	pairs_check(days, within, LENGTH(within));
}

static void
choices(void **state)
{
	static const struct param	exact[] = { PARAM("c", PARAM_CHOICE, .choices = "MOVIE|SERIES", .otherwise = "MOVIE"), PARAM_END };
	static const struct param	any[] = { PARAM("c", PARAM_CHOICE, .refuse = 1, .choices = "ON|OFF", .any_case = 1), PARAM_END };
	static const struct pair	one[] = { { "", "{\"c\":\"MOVIE\"}" }, { "c=SERIES", "{\"c\":\"SERIES\"}" }, { "c=series", "{\"c\":\"MOVIE\"}" }, { "c=MOVIE%7CSERIES", "{\"c\":\"MOVIE\"}" }, { "c=S", "{\"c\":\"MOVIE\"}" } };
	static const struct pair	other[] = { { "c=", "{}" }, { "c=oFf", "{\"c\":\"OFF\"}" }, { "c=ON", "{\"c\":\"ON\"}" }, { "c=o", "{\"message\":\"Invalid c\"}" }, { "c=|", "{\"message\":\"Invalid c\"}" } };

	(void)state;
	pairs_check(exact, one, LENGTH(one));
	pairs_check(any, other, LENGTH(other));
}

static void
countries(void **state)
{
	static const struct { const char *query, *name, *value, *country; } cases[] = {
		{ "country=ng", "x-country", "GB", "NG" }, { "", "CF-IPCountry", "ng", "NG" }, { "", "x-vercel-ip-country", " gb ", "GB" }, { "country=", "x-country", "de", "DE" },
		{ "country=+", "x-country", "de", "DE" }, { "", "x-app-country", "nga", "NG" }, { "", "accept-language", "en-NG,en;q=0.9", "NG" },
		{ "", "accept-language", "en", "UNKNOWN" }, { "", "accept-language", "de,en-GB", "UNKNOWN" }, { "", "accept-language", "zh-Hans-CN", "CN" }, { "", "accept-language", "en-GB-oxendict", "GB" },
		{ "", "accept-language", "en-x-us", "UNKNOWN" }, { "", "accept-language", "x-us", "UNKNOWN" }, { "", "accept-language", "es-419", "UNKNOWN" }, { "", "accept-language", "zh--", "UNKNOWN" },
		{ "", "accept-language", "", "UNKNOWN" }, { "", "accept-language", "-", "UNKNOWN" }, { "", "x-country", "", "UNKNOWN" },
		{ "country=nigeria", "x-other", "", "NIGERIA" }, { "country=%zz", "x-country", "de", "DE" },
	};
	struct http_request	req;
	struct http_header	header;
	struct route		route;
	struct request		*r;
	char			query[64], out[AUDIENCE_COUNTRY_MAX];
	size_t			i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		strcpy(query, cases[i].query);
		r = request_make(&req, &route, audience, query);
		header.header = (char *)(uintptr_t)cases[i].name;
		header.value = (char *)(uintptr_t)cases[i].value;
		TAILQ_INSERT_TAIL(&req.req_headers, &header, list);
		audience_country(r, out);
		assert_string_equal(out, cases[i].country);
		if (!strncmp(query, "country=", 8) && strcmp(cases[i].value, "de") != 0) {
			route.query = got;
			audience_country(r, out);
			assert_string_not_equal(out, cases[i].country);
		}
		request_forget(&req);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(get), cmocka_unit_test(objects), cmocka_unit_test(numbers), cmocka_unit_test(choices),
		cmocka_unit_test(countries) };

	kore_mem_init();

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
