/*
 * Declared query parameters as a JSON object, with their types.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "http/query.h"
#include "http/request.h"
#include "http/route.h"
#include "http/sql.h"

#define NUMBER_BYTES	32	/* of a number as text, with its NUL */
#define DIGITS_MAX	18

enum found { FOUND_ABSENT, FOUND_INVALID, FOUND_VALID };

static int
is_string(const struct param *p)
{
	return (p->type == PARAM_TEXT || p->type == PARAM_CHOICE);
}

static enum found
id_read(const char *text, char out[NUMBER_BYTES])
{
	int64_t	value;

	if (!number_integer_of_text(text, &value) || value < 0)
		return (FOUND_INVALID);
	snprintf(out, NUMBER_BYTES, "%" PRId64, value);

	return (text[strspn(text, " \t\n\v\f\r")] != '\0' ? FOUND_VALID : FOUND_ABSENT);
}

static enum found
digits_read(const char *text, char out[NUMBER_BYTES])
{
	if (*text == '\0')
		return (FOUND_ABSENT);
	if (strlen(text) > DIGITS_MAX || text[strspn(text, "0123456789")] != '\0')
		return (FOUND_INVALID);
	snprintf(out, NUMBER_BYTES, "%lld", strtoll(text, NULL, 10));

	return (FOUND_VALID);
}

/* Reads a number, and writes it with the fewest digits that keep it. */
static enum found
number_read(const struct param *p, const char *text, char out[NUMBER_BYTES])
{
	double	value = number_of_text(text), max = p->type == PARAM_COUNT && p->max == 0 ? PARAM_COUNT_MAX : p->max;

	if (p->type == PARAM_COUNT && value == 0 && strpbrk(text, "0123456789") == NULL)
		return (FOUND_ABSENT);
	if (!(value >= p->min && value <= max) || (p->type == PARAM_COUNT && value != floor(value)) || (p->type == PARAM_POSITIVE && value == 0))
		return (FOUND_INVALID);
	snprintf(out, NUMBER_BYTES, "%.15g", value + 0.0);
	if (strtod(out, NULL) != value)
		snprintf(out, NUMBER_BYTES, "%.17g", value);

	return (FOUND_VALID);
}

/* Finds a choice and returns its spelling in the declaration; *len is its length. */
static const char *
choice_find(const struct param *p, const char *text, size_t *len)
{
	const char	*choice;

	for (choice = p->choices; choice != NULL; choice = choice[*len] == '|' ? choice + *len + 1 : NULL) {
		*len = strcspn(choice, "|");
		if (strlen(text) == *len && (p->any_case ? !strncasecmp(text, choice, *len) : !memcmp(text, choice, *len)))
			return (choice);
	}

	return (NULL);
}

static enum found
choice_read(struct request *r, const struct param *p, const char **text)
{
	const char	*choice;
	size_t		len;

	if (**text == '\0')
		return (FOUND_ABSENT);
	if ((choice = choice_find(p, *text, &len)) == NULL)
		return (FOUND_INVALID);
	*text = request_format(r, "%.*s", (int)len, choice);

	return (FOUND_VALID);
}

/* Replaces the text of a parameter by its value as the statement gets it. number is room for it. */
static enum found
value_read(struct request *r, const struct param *p, const char **text, char number[NUMBER_BYTES])
{
	enum found	found;

	if (*text == NULL)
		return (FOUND_ABSENT);
	switch (p->type) {
	case PARAM_TEXT:
		return (FOUND_VALID);
	case PARAM_CHOICE:
		return (choice_read(r, p, text));
	case PARAM_ID:
		found = id_read(*text, number);
		break;
	case PARAM_DIGITS:
		found = digits_read(*text, number);
		break;
	default:
		found = number_read(p, *text, number);
		break;
	}
	*text = number;

	return (found);
}

static void
value_add(struct kore_buf *out, const struct param *p, const char *value)
{
	if (out->offset > 1)
		kore_buf_append(out, ",", 1);
	json_quote(out, p->name);
	kore_buf_append(out, ":", 1);
	if (is_string(p))
		json_quote(out, value);
	else
		kore_buf_append(out, value, strlen(value));
}

/* Adds a parameter. On error stores the refusal and returns 0. */
static int
param_add(struct request *r, const struct param *p, struct kore_buf *out)
{
	const char	*value = query_value(r, p);
	char		number[NUMBER_BYTES];
	enum found	found = value_read(r, p, &value, number);

	if (found == FOUND_INVALID && p->refuse) {
		sql_refusal(r, 400, request_format(r, "{\"message\":\"Invalid %s\"}", p->name));
		return (0);
	}
	if (found != FOUND_VALID)
		value = p->otherwise;
	if (value != NULL)
		value_add(out, p, value);

	return (1);
}

int
query_check(struct request *r)
{
	const struct param	*p = r->route->query;
	struct kore_buf		out;
	int			ok = 1;

	if (p == NULL)
		return (1);
	kore_buf_init(&out, 128);
	kore_buf_append(&out, "{", 1);
	for (; ok && p->name != NULL; p++) {
		if (p->type < PARAM_COUNTRY)
			ok = param_add(r, p, &out);
	}
	kore_buf_append(&out, "}", 1);
	if (ok)
		r->query = request_copy(r, kore_buf_stringify(&out, NULL));
	kore_buf_cleanup(&out);

	return (ok);
}
