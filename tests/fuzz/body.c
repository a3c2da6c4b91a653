/*
 * A body against a table with a field of every type: the result is either a
 * JSON object with these fields only, which is unchanged by a second check, or
 * a refusal in JSON.
 */
#include "fuzz.h"

#include "http/body.h"
#include "http/request.h"
#include "http/route.h"

static const struct field	inner[] = {
	FIELD("ETag", FIELD_STRING, .required = 1), FIELD("PartNumber", FIELD_INTEGER, .required = 1, .min = 1, .max = 10000), FIELD_END
};
static const struct field	fields[] = {
	FIELD("s", FIELD_STRING, .min = 2, .max = 5), FIELD("e", FIELD_EMAIL), FIELD("p", FIELD_PASSWORD, .min = 8), FIELD("b", FIELD_BOOLEAN),
	FIELD("i", FIELD_INTEGER, .min = 1900, .max = FIELD_THIS_YEAR), FIELD("o", FIELD_OBJECT), FIELD("ss", FIELD_STRINGS, .min = 1),
	FIELD("c", FIELD_CHOICE, .choices = "A|AB|C"), FIELD("cs", FIELD_CHOICES, .choices = "A|B"), FIELD("id", FIELD_ID), FIELD("im", FIELD_ID, .min = 1, .max = 9),
	FIELD("n", FIELD_COUNT), FIELD("os", FIELD_OBJECTS, .of = inner), FIELD("u", FIELD_UNION, .max = 4), FIELD_END
};
static const struct route	route = { .fields = fields };

FUZZ_BEGIN(kore_mem_init())

/* Returns the accepted body, or NULL after a check of the refusal. */
static char *
check(const char *text, size_t len)
{
	struct http_request	kore = { 0 };
	struct request		*r = calloc(1, sizeof(*r));
	struct json		doc;
	char			*passed = NULL;

	r->kore = &kore;
	r->route = &route;
	kore.hdlr_extra = r;
	if (json_parse(&r->json, text, len) == NULL && (r->json.nodes[0].type == JSMN_OBJECT || r->json.nodes[0].type == JSMN_ARRAY)) {
		if (body_check(r)) {
			passed = strdup(r->body);
		} else {
			MUST(json_parse(&doc, r->refusal_body, strlen(r->refusal_body)) == NULL);
			MUST(json_get(&doc, 0, "errors") > 0 && json_get(&doc, 0, "message") > 0);
			json_free(&doc);
		}
	}
	request_forget(&kore);

	return (passed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char	*text = text_of(data, len), *once, *twice;

	if ((once = check(text, len)) != NULL) {
		twice = check(once, strlen(once));
		MUST(twice != NULL && !strcmp(once, twice));
		free(twice);
		free(once);
	}
	free(text);

	return (0);
}
