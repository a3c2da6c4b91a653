/*
 * Request bodies against tables of fields: the values of
 * docs/compatibility.md#body-ids, and the result for each type of field and
 * each kind of value.
 */
#include "unit.h"

#include "http/body.h"
#include "http/request.h"
#include "http/route.h"

/* Returns the result of body_check() for a text: the body that is passed on, or the refusal. */
static char *
checked(const struct field *fields, const char *text)
{
	struct http_request	kore = { 0 };
	struct route		route = { .fields = fields };
	struct request		*r = calloc(1, sizeof(*r));
	char			*out;

	r->kore = &kore;
	r->route = &route;
	kore.hdlr_extra = r;
	assert_null(json_parse(&r->json, text, strlen(text)));
	out = strdup(body_check(r) ? r->body : r->refusal_body);
	request_forget(&kore);

	return (out);
}

struct pair {
	const char	*text, *out;
};

static void
pairs_check(const struct field *fields, const struct pair *pairs, size_t n)
{
	char	*out;
	size_t	i;

	for (i = 0; i < n; i++) {
		out = checked(fields, pairs[i].text);
		assert_string_equal(out, pairs[i].out);
		free(out);
	}
}

/* Returns the part of a refusal that names the fields. */
#define REFUSED(fields, message)	"{\"errors\":{\"formErrors\":[],\"fieldErrors\":{" fields "}},\"message\":\"" message "\"}"

static void
emails(void **state)
{
	static const char	*const fine[] = { "A@B.CO", "a+b@c.de", "a'b@c.de", "a@1.co", "-@b.co", "_@b.co", "a@b-.co" };
	static const char	*const wrong[] = { " a@b.co", "a@b", "a@b.c", "a..b@c.de", ".a@b.co", "a.@b.co", "a'@b.co", "a!b@c.de", "\xc3\xa9@b.co", "a@b_c.co",
		"a@-b.co", "a@b.co1", "a@[1.2.3.4]", "", "@", "a@", "@b.co", "a@b..co", "a@.co", "a@b.co.", "a@b@c.de" };
	size_t			i;

	(void)state;
	for (i = 0; i < LENGTH(fine); i++)
		assert_true(body_email_ok(fine[i]));
	for (i = 0; i < LENGTH(wrong); i++) {
		if (body_email_ok(wrong[i]))
			fail_msg("accepted: %s", wrong[i]);
	}
}

static void
signup(void **state)
{
	static const struct field	fields[] = {
		FIELD("email", FIELD_EMAIL, .required = 1), FIELD("password", FIELD_PASSWORD, .required = 1, .min = 8),
		FIELD("name", FIELD_STRING, .required = 1, .min = 2), FIELD("birthYear", FIELD_INTEGER, .min = 1900, .max = FIELD_THIS_YEAR), FIELD_END
	};
	static const struct pair	pairs[] = {
		{ "[]", "{\"errors\":{\"formErrors\":[\"Expected object, received array\"],\"fieldErrors\":{}},\"message\":\"Expected object, received array\"}" },
		{ "{}", REFUSED("\"email\":[\"Required\"],\"password\":[\"Required\"],\"name\":[\"Required\"]", "email: Required") },
		{ "{\"email\":\"a@b.co\",\"password\":\"12345678\",\"name\":\"Ada\",\"birthYear\":1800.5}",
		    REFUSED("\"birthYear\":[\"Expected integer, received float\",\"Number must be greater than or equal to 1900\"]", "birthYear: Expected integer, received float") },
		{ "{\"email\":\"a@b.co\",\"password\":\"12345678\",\"name\":\"Ada\",\"birthYear\":1.99e3}",
		    "{\"email\":\"a@b.co\",\"password\":\"12345678\",\"name\":\"Ada\",\"birthYear\":1990}" },
		{ "{\"name\":\"Ada\",\"more\":1,\"password\":\"12345678\",\"email\":\"A@B.CO\"}", "{\"email\":\"A@B.CO\",\"password\":\"12345678\",\"name\":\"Ada\"}" },
	};

	(void)state;
	pairs_check(fields, pairs, LENGTH(pairs));
}

static void
password_bytes(void **state)
{
	static const struct field	fields[] = { FIELD("p", FIELD_PASSWORD, .min = 8), FIELD_END };
	char				text[128], *out;

	(void)state;
	snprintf(text, sizeof(text), "{\"p\":\"%.*s\"}", 72, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	out = checked(fields, text);
	assert_string_equal(out, text);
	free(out);
	snprintf(text, sizeof(text), "{\"p\":\"\xc3\xa9%.*s\"}", 71, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	out = checked(fields, text);
	assert_non_null(strstr(out, "at most 72 bytes"));
	free(out);
}

static void
profile(void **state)
{
	static const struct field	fields[] = { FIELD("name", FIELD_STRING, .min = 1, .max = 4), FIELD("avatarUrl", FIELD_UNION, .max = 4), FIELD_END };
	static const struct pair	pairs[] = {
		{ "{\"name\":\"\",\"avatarUrl\":5}",
		    REFUSED("\"name\":[\"String must contain at least 1 character(s)\"],\"avatarUrl\":[\"Invalid input\"]", "name: String must contain at least 1 character(s)") },
		{ "{\"avatarUrl\":\"12345\"}", REFUSED("\"avatarUrl\":[\"String must contain at most 4 character(s)\"]", "avatarUrl: String must contain at most 4 character(s)") },
		{ "{\"name\":\"\\ud83d\\ude00\\ud83d\\ude00\"}", "{\"name\":\"\\ud83d\\ude00\\ud83d\\ude00\"}" },
		{ "{\"name\":\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80x\"}", REFUSED("\"name\":[\"String must contain at most 4 character(s)\"]", "name: String must contain at most 4 character(s)") },
		{ "{\"name\":null}", REFUSED("\"name\":[\"Expected string, received null\"]", "name: Expected string, received null") },
	};

	(void)state;
	pairs_check(fields, pairs, LENGTH(pairs));
}

#define ID_REFUSED(what)	REFUSED("\"id\":[\"Expected bigint, received " what "\"]", "id: Expected bigint, received " what)

static void
ids(void **state)
{
	static const struct field	fields[] = { FIELD("id", FIELD_ID, .required = 1), FIELD_END };
	static const struct pair	pairs[] = {
		{ "{\"id\":\"0x1f\"}", "{\"id\":31}" }, { "{\"id\":true}", "{\"id\":1}" }, { "{\"id\":false}", "{\"id\":0}" }, { "{\"id\":\"\"}", "{\"id\":0}" },
		{ "{\"id\":[]}", "{\"id\":0}" }, { "{\"id\":\" 7 \"}", "{\"id\":7}" }, { "{\"id\":12}", "{\"id\":12}" }, { "{\"id\":\"-3\"}", "{\"id\":-3}" },
		{ "{\"id\":9223372036854775807}", "{\"id\":9223372036854775807}" }, { "{\"id\":5.0}", "{\"id\":5}" }, { "{\"id\":1e3}", "{\"id\":1000}" },
		{ "{\"id\":\" \"}", "{\"id\":0}" }, { "{\"id\":1e30}", ID_REFUSED("number") }, { "{\"id\":\"5.0\"}", ID_REFUSED("string") },
		{ "{\"id\":null}", ID_REFUSED("null") }, { "{\"id\":1.5}", ID_REFUSED("number") }, { "{\"id\":\"x\"}", ID_REFUSED("string") }, { "{\"id\":{}}", ID_REFUSED("object") },
		{ "{\"id\":[1]}", ID_REFUSED("array") }, { "{\"id\":9223372036854775808}", ID_REFUSED("number") }, { "{\"id\":\"1 2\"}", ID_REFUSED("string") },
		{ "{}", REFUSED("\"id\":[\"Required\"]", "id: Required") },
	};

	(void)state;
	pairs_check(fields, pairs, LENGTH(pairs));
}

static void
counts(void **state)
{
	static const struct field	fields[] = { FIELD("n", FIELD_COUNT), FIELD_END };
	static const struct pair	pairs[] = {
		{ "{\"n\":\"3\"}", "{\"n\":3}" }, { "{\"n\":3.0}", "{\"n\":3}" }, { "{\"n\":\"1e2\"}", "{\"n\":100}" }, { "{\"n\":null}", "{\"n\":0}" }, { "{\"n\":\"0x10\"}", "{\"n\":16}" },
		{ "{\"n\":\"nan\"}", REFUSED("\"n\":[\"Expected number, received nan\"]", "n: Expected number, received nan") },
		{ "{\"n\":{}}", REFUSED("\"n\":[\"Expected number, received nan\"]", "n: Expected number, received nan") },
		{ "{\"n\":1e99}", REFUSED("\"n\":[\"Number must be less than or equal to 2147483647\"]", "n: Number must be less than or equal to 2147483647") },
		{ "{\"n\":-2147483649}", REFUSED("\"n\":[\"Number must be greater than or equal to -2147483648\"]", "n: Number must be greater than or equal to -2147483648") },
		{ "{\"n\":-0.5}", REFUSED("\"n\":[\"Expected integer, received float\"]", "n: Expected integer, received float") },
		{ "{\"n\":\"-Infinity\"}", REFUSED("\"n\":[\"Expected integer, received float\",\"Number must be greater than or equal to -2147483648\"]", "n: Expected integer, received float") },
		{ "{\"n\":\"inf\"}", REFUSED("\"n\":[\"Expected number, received nan\"]", "n: Expected number, received nan") },
	};

	(void)state;
	pairs_check(fields, pairs, LENGTH(pairs));
}

static void
choices(void **state)
{
	static const struct field	fields[] = { FIELD("c", FIELD_CHOICE, .choices = "A|AB"), FIELD("s", FIELD_STRINGS, .min = 2), FIELD_END };
	static const struct pair	pairs[] = {
		{ "{\"c\":\"AB\",\"s\":[\"x\",\"\"]}", "{\"c\":\"AB\",\"s\":[\"x\",\"\"]}" },
		{ "{\"c\":\"B\"}", REFUSED("\"c\":[\"Invalid enum value. Expected 'A' | 'AB', received 'B'\"]", "c: Invalid enum value. Expected 'A' | 'AB', received 'B'") },
		{ "{\"c\":1}", REFUSED("\"c\":[\"Expected 'A' | 'AB', received number\"]", "c: Expected 'A' | 'AB', received number") },
		{ "{\"s\":[1]}", REFUSED("\"s\":[\"Array must contain at least 2 element(s)\",\"Expected string, received number\"]", "s: Array must contain at least 2 element(s)") },
	};

	(void)state;
	pairs_check(fields, pairs, LENGTH(pairs));
}

static void
parts(void **state)
{
	static const struct field	part[] = { FIELD("ETag", FIELD_STRING, .required = 1), FIELD("PartNumber", FIELD_INTEGER, .required = 1), FIELD_END };
	static const struct field	fields[] = { FIELD("parts", FIELD_OBJECTS, .required = 1, .of = part), FIELD_END };
	static const struct pair	pairs[] = {
		{ "{\"parts\":[]}", "{\"parts\":[]}" },
		{ "{\"parts\":[{\"ETag\":\"\\\"x\\\"\",\"PartNumber\":1}]}", "{\"parts\":[{\"ETag\":\"\\\"x\\\"\",\"PartNumber\":1}]}" },
		{ "{\"parts\":[1,{}]}", REFUSED("\"parts\":[\"Expected object, received number\",\"Required\",\"Required\"]", "parts: Expected object, received number") },
		{ "{\"parts\":{}}", REFUSED("\"parts\":[\"Expected array, received object\"]", "parts: Expected array, received object") },
	};

	(void)state;
	pairs_check(fields, pairs, LENGTH(pairs));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(emails), cmocka_unit_test(signup), cmocka_unit_test(password_bytes), cmocka_unit_test(profile), cmocka_unit_test(ids),
		cmocka_unit_test(counts), cmocka_unit_test(choices), cmocka_unit_test(parts),
	};

	kore_mem_init();

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
