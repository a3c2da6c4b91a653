/*
 * JSON: two ways to walk an accepted text agree, every string in it is
 * unchanged after quoting and parsing again, and no byte behind its end is
 * read.
 */
#include "fuzz.h"

#include "base/json.h"

FUZZ_BEGIN(kore_mem_init())

/* Returns the node behind the value at node, computed from the structure only. */
static int
walk(const struct json *doc, int node)
{
	int	i, next = node + 1, pairs = json_kind(doc, node) == JSMN_OBJECT;

	MUST(node < doc->count);
	if (json_kind(doc, node) == JSMN_OBJECT || json_kind(doc, node) == JSMN_ARRAY) {
		for (i = 0; i < doc->nodes[node].size; i++) {
			if (pairs) {
				MUST(json_kind(doc, next) == JSMN_STRING);
				next++;
			}
			next = walk(doc, next);
		}
	}
	MUST(json_next(doc, node) == next);

	return (next);
}

static void
text_check(const struct json *doc, int node)
{
	struct kore_buf	buf;
	struct json	again;
	char		*plain = json_plain(doc, node), *same;
	size_t		len;

	(void)json_raw(doc, node, &len);
	MUST(strlen(plain) <= len);
	MUST(json_units(doc, node) <= strlen(plain));
	MUST(json_is(doc, node, plain));
	kore_buf_init(&buf, 16);
	json_quote(&buf, plain);
	MUST(json_parse(&again, (char *)buf.data, buf.offset) == NULL && again.count == 1);
	same = json_plain(&again, 0);
	MUST(!strcmp(plain, same));
	free(same);
	free(plain);
	json_free(&again);
	kore_buf_cleanup(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct json	doc;
	char		*text = malloc(len > 0 ? len : 1);
	int		i;

	memcpy(text, data, len);
	if (json_parse(&doc, text, len) == NULL) {
		MUST(walk(&doc, 0) == doc.count);
		for (i = 0; i < doc.count; i++) {
			if (json_kind(&doc, i) == JSMN_STRING)
				text_check(&doc, i);
		}
		json_free(&doc);
	}
	free(text);

	return (0);
}
