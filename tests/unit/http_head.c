/*
 * Request header sections, and their rewritten form for Kore.
 */
#include "unit.h"

#include "http/http_head.h"

#define LINE	"GET / HTTP/1.1\r\nHost: a\r\n"

/* Rewrites a text in a buffer of 4096 bytes and compares the result with out, or the status of the refusal. */
static struct http_head
rewritten(const char *text, const char *out, int status)
{
	static char		buf[4096];
	struct http_head	h;

	strcpy(buf, text);
	assert_int_equal(http_head_rewrite(buf, strlen(text), sizeof(buf), 1000, &h), status);
	if (status == 0) {
		assert_int_equal(h.len, strlen(out));
		assert_memory_equal(buf, out, h.len);
	}

	return (h);
}

static void
test_headers_are_dropped_and_kept(void **state)
{
	(void)state;
	rewritten(LINE "\r\n", LINE "\r\n", 0);
	rewritten(LINE "Authorization: \r\nX-Other: 1\r\nAccept-Language: de\r\n\r\n", LINE "Accept-Language: de\r\n\r\n", 0);
	rewritten(LINE "User-Agent: a\tb\xc3\xa4 \t\r\n\r\n", LINE "User-Agent: a b??\r\n\r\n", 0);
	rewritten("POST / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 0\r\n\r\n", 0);
}

static void
test_connection_close_is_detected(void **state)
{
	static const struct { const char *line; int close; } cases[] = {
		{ "", 0 }, { "Connection: close\r\n", 1 }, { "connection: CLOSE\r\n", 1 }, { "Connection: keep-alive\r\n", 0 },
		{ "Connection: keep-alive, close\r\n", 1 }, { "Connection: close,upgrade\r\n", 1 }, { "Connection: a , \tclose \r\n", 1 },
		{ "Connection: closed\r\n", 0 }, { "Connection: not-close\r\n", 0 }, { "Connection: clos e\r\n", 0 },
		{ "Connection: keep-alive\r\nConnection: close\r\n", 1 }, { "X-Lose: close\r\n", 0 }, { "User-Agent: close\r\n", 0 }, { "Connection: ,,\r\n", 0 },
	};
	char	text[256];
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		static char		buf[4096];
		struct http_head	h;

		snprintf(text, sizeof(text), LINE "%s\r\n", cases[i].line);
		strcpy(buf, text);
		assert_int_equal(http_head_rewrite(buf, strlen(text), sizeof(buf), 1000, &h), 0);
		if (h.close != cases[i].close)
			fail_msg("%s", cases[i].line);
	}
	assert_int_equal(rewritten("GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 0).close, 1);
}

static void
test_bodies_and_refusals(void **state)
{
	(void)state;
	assert_int_equal(rewritten("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n", 0).body, 7);
	assert_true(rewritten("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 0).reads_body);
	assert_false(rewritten(LINE "\r\n", LINE "\r\n", 0).reads_body);
	rewritten(LINE "Content-Length: 1001\r\n\r\n", NULL, 413);
	rewritten(LINE "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", NULL, 400);
	rewritten(LINE "Content-Length: +1\r\n\r\n", NULL, 400);
	rewritten(LINE "Content-Length : 1\r\n\r\n", NULL, 400);
	assert_true(rewritten(LINE "Transfer-Encoding: Chunked\r\n\r\n", LINE "\r\n", 0).chunked);
	rewritten(LINE "Transfer-Encoding: gzip, chunked\r\n\r\n", NULL, 501);
	rewritten(LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", NULL, 400);
	rewritten(LINE "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", NULL, 400);
	assert_true(rewritten(LINE "Expect: 100-Continue\r\n\r\n", LINE "\r\n", 0).expects);
	rewritten(LINE "Expect: 200-ok\r\n\r\n", NULL, 417);
	rewritten("get / HTTP/1.1\r\nHost: a\r\n\r\n", NULL, 404);
	rewritten(LINE " folded: 1\r\n\r\n", NULL, 400);
	rewritten("GET / HTTP/1.1\r\n\r\n", NULL, 400);
	rewritten(LINE "Host: b\r\n\r\n", NULL, 400);
	rewritten("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", NULL, 404);
	rewritten("GET / HTTP/2.0\r\nHost: a\r\n\r\n", NULL, 400);
}

static void
test_the_origin_of_a_partial_header(void **state)
{
	static const struct { const char *text, *origin; } cases[] = {
		{ LINE "Origin: https://a.example\r\n\r\n", "https://a.example" }, { LINE "origin:null \r\n", "null" }, { LINE "Origin: https://a.ex", "*" },
		{ LINE "Origin: \r\n\r\n", "*" }, { LINE "Origin: a b\r\n\r\n", "*" }, { "", "*" }, { "GET", "*" },
	};
	char	origin[HTTP_HEAD_ORIGIN_MAX];
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		http_head_origin(cases[i].text, strlen(cases[i].text), origin);
		assert_string_equal(origin, cases[i].origin);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_headers_are_dropped_and_kept), cmocka_unit_test(test_connection_close_is_detected),
		cmocka_unit_test(test_bodies_and_refusals), cmocka_unit_test(test_the_origin_of_a_partial_header),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
