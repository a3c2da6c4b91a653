/*
 * Query strings, and who is asking according to them and the headers.
 */
#include "unit.h"

#include <kore/http.h>

#include "http/audience.h"
#include "http/query.h"

static void
request_make(struct http_request *req, char *query)
{
	memset(req, 0, sizeof(*req));
	req->query_string = query;
	TAILQ_INIT(&req->req_headers);
}

static void
get(void **state)
{
	static const struct { const char *query, *name, *value; } cases[] = {
		{ "a=1", "a", "1" }, { "a=1&b=2", "b", "2" }, { "a=1&a=2", "a", "1" }, { "a=", "a", "" }, { "ab=1", "a", NULL }, { "a", "a", NULL },
		{ "", "a", NULL }, { "a=x+y%20z%2B", "a", "x y z+" }, { "a=%C3%A9", "a", "\xc3\xa9" }, { "a=%", "a", NULL }, { "a=%4", "a", NULL },
		{ "a=%zz", "a", NULL }, { "a=%ff", "a", NULL }, { "a=%00", "a", NULL }, { "a=%4&a=2", "a", NULL }, { "a=1=2", "a", "1=2" }, { "&&a=1", "a", "1" },
		{ "%61=1", "a", NULL }, { "a=123456789", "a", "1234567" },
		{ "a=123456%C3%A9", "a", "123456" }, { "a=12345%C3%A9", "a", "12345\xc3\xa9" }, { "a=1234567%ff", "a", "1234567" },
	};
	struct http_request	req;
	char			query[64], out[8];
	size_t			i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		strcpy(query, cases[i].query);
		request_make(&req, query);
		if (query_get(&req, cases[i].name, out, sizeof(out)) != (cases[i].value != NULL))
			fail_msg("%s", cases[i].query);
		if (cases[i].value != NULL)
			assert_string_equal(out, cases[i].value);
	}
	request_make(&req, NULL);
	assert_false(query_get(&req, "a", out, sizeof(out)));
}

static void
objects(void **state)
{
	static const struct { const char *query, *json; } cases[] = {
		{ "", "{}" }, { "a=1", "{\"a\":\"1\"}" }, { "a=1&b=%22&a=2", "{\"a[0]\":\"1\",\"b\":\"\\\"\"}" }, { "a=&a=2&a=3", "{\"a[0]\":\"\"}" }, { "a=1&ab=2&a", "{\"a\":\"1\",\"ab\":\"2\"}" }, { "a&b=1", "{\"b\":\"1\"}" }, { "=1", "{\"\":\"1\"}" },
		{ "a=%zz+&b=1", "{\"a\":\"%zz \",\"b\":\"1\"}" }, { "q=100%", "{\"q\":\"100%\"}" }, { "a=%zz%00&b=1", "{\"b\":\"1\"}" }, { "%61=1", "{\"a\":\"1\"}" }, { "a=%ff", "{\"a\":\"%ff\"}" }, { "&&&", "{}" },
	};
	struct http_request	req;
	struct kore_buf		buf;
	char			query[64];
	size_t			i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		strcpy(query, cases[i].query);
		request_make(&req, query);
		kore_buf_init(&buf, 8);
		query_json(&req, &buf);
		assert_string_equal(kore_buf_stringify(&buf, NULL), cases[i].json);
		kore_buf_cleanup(&buf);
	}
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
	char			query[64], out[AUDIENCE_COUNTRY_MAX];
	size_t			i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		strcpy(query, cases[i].query);
		request_make(&req, query);
		header.header = (char *)(uintptr_t)cases[i].name;
		header.value = (char *)(uintptr_t)cases[i].value;
		TAILQ_INSERT_TAIL(&req.req_headers, &header, list);
		audience_country(&req, 1, out);
		assert_string_equal(out, cases[i].country);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(get), cmocka_unit_test(objects), cmocka_unit_test(countries) };

	kore_mem_init();

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
