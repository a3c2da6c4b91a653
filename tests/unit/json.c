/*
 * The JSON parser: accepted and refused texts, and the parsed values.
 */
#include "unit.h"

#include "base/json.h"

static void
accepted(void **state)
{
	static const char	*const texts[] = { "{}", "[]", "0", "-0", "1.5e+10", "\"\"", "true", "false", "null", " \t\r\n{ } ", "[1,2,[3]]",
		"{\"a\":{\"b\":[{}]}}", "\"\\u0041\\n\\\"\\\\\\/\"", "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"", "\"\x7f\"", "[-0.0,1E1]" };
	struct json		doc;
	size_t			i;

	(void)state;
	for (i = 0; i < LENGTH(texts); i++) {
		if (json_parse(&doc, texts[i], strlen(texts[i])) != NULL)
			fail_msg("refused: %s", texts[i]);
		json_free(&doc);
	}
}

static void
refused(void **state)
{
	static const char	*const texts[] = { "", " ", "{", "}", "[", "]", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "'a'", "01", "1.",
		".5", "+1", "1e", "1e+", "--1", "tru", "True", "nul", "undefined", "NaN", "Infinity", "\"", "\"\\x\"", "\"\\u12\"", "\"\\u000g\"",
		"\"\\u0000\"", "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\ud800\"", "\"\\udc00\"", "\"\n\"", "\"\t\"", "1 2", "{} {}", "[1 2]", "{\"a\" 1}",
		"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\"", "/**/1", "[1]//" };
	struct json		doc;
	size_t			i;

	(void)state;
	for (i = 0; i < LENGTH(texts); i++) {
		if (json_parse(&doc, texts[i], strlen(texts[i])) == NULL)
			fail_msg("accepted: %s", texts[i]);
		assert_null(doc.nodes);
	}
	assert_non_null(json_parse(&doc, "\"a\0b\"", 5));
	assert_non_null(json_parse(&doc, "1\0", 2));
}

static void
depth(void **state)
{
	char		text[2 * (JSON_DEPTH_MAX + 2) + 1];
	struct json	doc;
	int		n;

	(void)state;
	for (n = JSON_DEPTH_MAX; n <= JSON_DEPTH_MAX + 2; n++) {
		memset(text, '[', (size_t)n);
		memset(text + n, ']', (size_t)n);
		if (n <= JSON_DEPTH_MAX + 1) {
			assert_null(json_parse(&doc, text, 2 * (size_t)n));
			assert_int_equal(doc.count, n);
			json_free(&doc);
		} else {
			assert_string_equal(json_parse(&doc, text, 2 * (size_t)n), "nesting is too deep");
		}
	}
}

/* The parser reads only len bytes. */
static void
bounds(void **state)
{
	char		*text = malloc(5);
	struct json	doc;

	(void)state;
	memcpy(text, "12345", 5);
	assert_null(json_parse(&doc, text, 5));
	json_free(&doc);
	memcpy(text, "\"abc\"", 5);
	assert_null(json_parse(&doc, text, 5));
	json_free(&doc);
	memcpy(text, "[[[[[", 5);
	assert_non_null(json_parse(&doc, text, 5));
	free(text);
}

static void
walk(void **state)
{
	const char	*text = "{\"a\":[1,{\"b\":2}],\"c\":\"x\\u00e9\\ud83d\\ude00\",\"c\":\"last\",\"\\u0064\":true,\"n\":null,\"i\":-1.5}";
	struct json	doc;
	char		*plain;
	size_t		len;
	int		node;

	(void)state;
	assert_null(json_parse(&doc, text, strlen(text)));
	node = json_get(&doc, 0, "a");
	assert_int_equal(json_kind(&doc, node), JSMN_ARRAY);
	assert_int_equal(json_kind(&doc, node + 1), 0);
	assert_int_equal(json_kind(&doc, json_next(&doc, node + 1)), JSMN_OBJECT);
	assert_memory_equal(json_raw(&doc, node, &len), "[1,{\"b\":2}]", 11);
	assert_int_equal(len, 11);
	plain = json_plain(&doc, json_get(&doc, 0, "c"));
	assert_string_equal(plain, "last");
	free(plain);
	assert_int_equal(json_kind(&doc, json_get(&doc, 0, "d")), 't');
	assert_int_equal(json_kind(&doc, json_get(&doc, 0, "n")), 'n');
	assert_int_equal(json_get(&doc, 0, "b"), -1);
	assert_int_equal(json_get(&doc, node, "a"), -1);
	json_free(&doc);

	text = "[\"x\\u00e9\\ud83d\\ude00\"]";
	assert_null(json_parse(&doc, text, strlen(text)));
	assert_int_equal(json_units(&doc, 1), 4);
	plain = json_plain(&doc, 1);
	assert_string_equal(plain, "x\xc3\xa9\xf0\x9f\x98\x80");
	free(plain);
	assert_false(json_is(&doc, 1, "x"));
	assert_true(json_is(&doc, 1, "x\xc3\xa9\xf0\x9f\x98\x80"));
	json_free(&doc);
}

static void
quotes(void **state)
{
	static const struct { const char *text, *json; } pairs[] = {
		{ NULL, "null" }, { "", "\"\"" }, { "a\"b\\c", "\"a\\\"b\\\\c\"" }, { "\x01\n\x1f", "\"\\u0001\\u000a\\u001f\"" },
		{ "\xc3\xa9", "\"\xc3\xa9\"" }, { "\xff", "\"\xef\xbf\xbd\"" }, { "a\xe2\x82", "\"a\xef\xbf\xbd\xef\xbf\xbd\"" },
	};
	struct kore_buf		buf;
	size_t			i;

	(void)state;
	for (i = 0; i < LENGTH(pairs); i++) {
		kore_buf_init(&buf, 8);
		json_quote(&buf, pairs[i].text);
		assert_string_equal(kore_buf_stringify(&buf, NULL), pairs[i].json);
		kore_buf_cleanup(&buf);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(accepted), cmocka_unit_test(refused), cmocka_unit_test(depth), cmocka_unit_test(bounds), cmocka_unit_test(walk),
		cmocka_unit_test(quotes),
	};

	kore_mem_init();

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
