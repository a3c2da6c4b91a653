/*
 * Validation of a body against the fields of its route. Clients match the
 * error messages: do not change them (docs/compatibility.md#validation-errors).
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/date.h"
#include "base/number.h"
#include "http/body.h"
#include "http/request.h"
#include "http/route.h"
#include "http/sql.h"

#define PASSWORD_MAX_BYTES	72
#define FIELD_ERRORS_MAX	100	/* errors of a field that a response lists */
#define NOT_AN_OBJECT		"Expected object, received array"

/* State of a validation. */
struct check {
	struct request		*r;
	struct kore_buf		fields;		/* errors by field, "name":["message",…],… or a list of issues if the route declares them */
	struct kore_buf		body;		/* "name":value,… of the valid fields */
	char			first[160];	/* field and message of the first error */
	int			errors;		/* errors of the current field */
	char			path[96];	/* path of the value in the body, a JSON array */
};

/* Order of the last two members of an issue: path first for a value of the wrong type, message first for a failed check. */
enum order { PATH_FIRST, MESSAGE_FIRST };

/* Adds an issue (docs/compatibility.md#validation-errors) with its JSON members in detail, its path and its message. */
static void
issue_add(struct check *c, enum order order, const char *detail, const char *text)
{
	kore_buf_append(&c->fields, ",", c->fields.offset > 0 ? 1 : 0);
	kore_buf_appendf(&c->fields, "{%s", detail);
	if (order == PATH_FIRST)
		kore_buf_appendf(&c->fields, ",\"path\":%s", c->path);
	kore_buf_appendf(&c->fields, ",\"message\":");
	json_quote(&c->fields, text);
	if (order == MESSAGE_FIRST)
		kore_buf_appendf(&c->fields, ",\"path\":%s", c->path);
	kore_buf_append(&c->fields, "}", 1);
}

/* Adds a message to the errors of a field. */
static void
message_add(struct check *c, const struct field *f, const char *text)
{
	if (c->errors == 0) {
		kore_buf_append(&c->fields, ",", c->fields.offset > 0 ? 1 : 0);
		json_quote(&c->fields, f->name);
		kore_buf_append(&c->fields, ":[", 2);
	} else {
		kore_buf_append(&c->fields, ",", 1);
	}
	json_quote(&c->fields, text);
	if (*c->first == '\0')
		snprintf(c->first, sizeof(c->first), "%s: %s", f->name, text);
}

static void	error_add(struct check *, const struct field *, enum order, const char *, const char *, ...)
    __attribute__((format(printf, 5, 6)));

/* Adds an error: its message and, for issues, the format of the JSON members before path and message. */
static void
error_add(struct check *c, const struct field *f, enum order order, const char *text, const char *detail, ...)
{
	char	members[600];
	va_list	args;

	if (c->errors >= FIELD_ERRORS_MAX)
		return;
	va_start(args, detail);
	vsnprintf(members, sizeof(members), detail, args);
	va_end(args);
	if (c->r->route->issues != NULL)
		issue_add(c, order, members, text);
	else
		message_add(c, f, text);
	c->errors++;
}

/* Adds the error for a value of the wrong type. */
static void
error_type(struct check *c, const struct field *f, const char *expected, const char *received)
{
	char	text[512];

	snprintf(text, sizeof(text), "Expected %s, received %s", expected, received);
	error_add(c, f, PATH_FIRST, text, "\"code\":\"invalid_type\",\"expected\":\"%s\",\"received\":\"%s\"", expected, received);
}

static void
error_missing(struct check *c, const struct field *f, const char *expected)
{
	error_add(c, f, PATH_FIRST, "Required", "\"code\":\"invalid_type\",\"expected\":\"%s\",\"received\":\"undefined\"", expected);
}

/* Adds the error for a value below or above a limit. The limit replaces the # in fmt. */
static void
error_range(struct check *c, const struct field *f, const char *type, int too_small, int64_t limit, const char *fmt)
{
	char		text[80], number[24];
	const char	*p = strchr(fmt, '#');

	snprintf(number, sizeof(number), "%" PRId64, limit);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(p - fmt), fmt, number, p + 1);
	error_add(c, f, MESSAGE_FIRST, too_small && f->empty != NULL ? f->empty : text,
	    "\"code\":\"too_%s\",\"%simum\":%s,\"type\":\"%s\",\"inclusive\":true,\"exact\":false",
	    too_small ? "small" : "big", too_small ? "min" : "max", number, type);
}

static const char *
kind_name(int kind)
{
	switch (kind) {
	case JSMN_STRING:
		return ("string");
	case JSMN_OBJECT:
		return ("object");
	case JSMN_ARRAY:
		return ("array");
	case 'n':
		return ("null");
	case 't':
	case 'f':
		return ("boolean");
	default:
		return ("number");
	}
}

static int
expect(struct check *c, const struct field *f, int kind, int wanted, const char *name)
{
	if (kind == wanted)
		return (1);
	error_type(c, f, name, kind_name(kind));

	return (0);
}

static int
email_local_ok(const char *p, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)p[i]) && strchr("_'+-.", p[i]) == NULL)
			return (0);
	}

	return (len > 0 && *p != '.' && p[len - 1] != '.' && p[len - 1] != '\'');
}

/* Checks the domain: at least two labels, each beginning with a letter or digit; the last one has two or more letters and nothing else. */
static int
email_domain_ok(const char *p)
{
	size_t	len, i;
	int	labels, letters;

	for (labels = 1;; labels++, p += len + 1) {
		len = strcspn(p, ".");
		for (i = 0, letters = 1; i < len; i++) {
			if (!isalnum((unsigned char)p[i]) && (p[i] != '-' || i == 0))
				return (0);
			letters &= isalpha((unsigned char)p[i]) != 0;
		}
		if (len == 0)
			return (0);
		if (p[len] == '\0')
			return (labels > 1 && letters && len >= 2);
	}
}

int
body_email_ok(const char *text)
{
	const char	*at = strchr(text, '@');

	return (at != NULL && strstr(text, "..") == NULL && email_local_ok(text, (size_t)(at - text)) && email_domain_ok(at + 1));
}

static void
string_check(struct check *c, const struct field *f, int node)
{
	size_t	units = json_units(&c->r->json, node);

	if (f->min > 0 && units < (size_t)f->min)
		error_range(c, f, "string", 1, f->min, "String must contain at least # character(s)");
	if (f->max > 0 && units > (size_t)f->max)
		error_range(c, f, "string", 0, f->max, "String must contain at most # character(s)");
}

static void
text_check(struct check *c, const struct field *f, int node)
{
	char	*plain = json_plain(&c->r->json, node);

	if (f->type == FIELD_EMAIL && !body_email_ok(plain))
		error_add(c, f, MESSAGE_FIRST, "Invalid email", "\"validation\":\"email\",\"code\":\"invalid_string\"");
	if (f->type == FIELD_PASSWORD && strlen(plain) > PASSWORD_MAX_BYTES)
		error_add(c, f, MESSAGE_FIRST, "Password must be at most 72 bytes long", "\"code\":\"too_big\"");
	free(plain);
}

static int64_t
year_now(void)
{
	time_t		now = time(NULL);
	struct tm	tm;

	gmtime_r(&now, &tm);

	return (tm.tm_year + 1900);
}

static void
number_range_check(struct check *c, const struct field *f, double value, int64_t max)
{
	int64_t	min = f->min != 0 || f->max != 0 ? f->min : INT32_MIN;

	if (value < (double)min)
		error_range(c, f, "number", 1, min, "Number must be greater than or equal to #");
	if (max != 0 && value > (double)max)
		error_range(c, f, "number", 0, max, "Number must be less than or equal to #");
}

static double
number_get(const struct json *doc, int node)
{
	return (strtod(doc->text + doc->nodes[node].start, NULL));
}

static void
integer_check(struct check *c, const struct field *f, double value, int64_t max)
{
	if (value != floor(value) || isinf(value))
		error_add(c, f, MESSAGE_FIRST, "Expected integer, received float",
		    "\"code\":\"invalid_type\",\"expected\":\"integer\",\"received\":\"float\"");
	number_range_check(c, f, value, max);
}

/* Checks the number of elements of an array. */
static void
size_check(struct check *c, const struct field *f, int node)
{
	if (f->min > 0 && c->r->json.nodes[node].size < f->min)
		error_range(c, f, "array", 1, f->min, "Array must contain at least # element(s)");
	if (f->max > 0 && c->r->json.nodes[node].size > f->max)
		error_range(c, f, "array", 0, f->max, "Array must contain at most # element(s)");
}

static void
strings_check(struct check *c, const struct field *f, int node)
{
	int	i, item = node + 1;

	size_check(c, f, node);
	for (i = 0; i < c->r->json.nodes[node].size && c->errors < FIELD_ERRORS_MAX; i++, item = json_next(&c->r->json, item))
		(void)expect(c, f, json_kind(&c->r->json, item), JSMN_STRING, "string");
}

/* Writes "'A' | 'B'" for "A|B". */
static void
choices_quote(const char *choices, char *out, size_t size)
{
	const char	*p;
	size_t		n = 0, len;

	for (p = choices; n < size; p += len + 1) {
		len = strcspn(p, "|");
		n += (size_t)snprintf(out + n, size - n, "%s'%.*s'", p == choices ? "" : " | ", (int)len, p);
		if (p[len] == '\0')
			break;
	}
}

/* Returns 1 if a text is one of the choices, which are separated by |. */
static int
choice_is(const char *choices, const char *plain)
{
	const char	*p;
	size_t		len;

	for (p = choices; ; p += len + 1) {
		len = strcspn(p, "|");
		if (strlen(plain) == len && !memcmp(plain, p, len))
			return (1);
		if (p[len] == '\0')
			return (0);
	}
}

static void
choice_check(struct check *c, const struct field *f, int node)
{
	char	quoted[256], *plain = NULL;
	int	kind = json_kind(&c->r->json, node);

	if (kind == JSMN_STRING && choice_is(f->choices, plain = json_plain(&c->r->json, node))) {
		free(plain);
		return;
	}
	choices_quote(f->choices, quoted, sizeof(quoted));
	if (plain == NULL)
		error_type(c, f, quoted, kind_name(kind));
	else
		error_add(c, f, PATH_FIRST, request_format(c->r, "Invalid enum value. Expected %s, received '%s'", quoted, plain), "\"code\":\"invalid_enum_value\"");
	free(plain);
}

/* Parses a decimal or 0x integer with optional white space around it; only white space is 0. Returns 0 for other text. */
static int
text_integer(const char *text, int64_t *out)
{
	const char	*p = text;
	char		*end;

	while (isspace((unsigned char)*p))
		p++;
	*out = 0;
	if (*p == '\0')
		return (1);
	errno = 0;
	*out = strtoll(p, &end, p[0] == '0' && (p[1] | 0x20) == 'x' ? 16 : 10);
	while (isspace((unsigned char)*end))
		end++;

	return (*end == '\0' && errno == 0);
}

/* Parses a JSON number with an integer value, also in the form 5.0 or 1e3. Returns 0 if it is not an integer of 64 bits. */
static int
number_integer(const char *text, int64_t *out)
{
	double	value;

	if (strpbrk(text, ".eE") == NULL)
		return (text_integer(text, out));
	value = strtod(text, NULL);
	if (value != floor(value) || fabs(value) >= 0x1p63)
		return (0);
	*out = (int64_t)value;

	return (1);
}

int
body_id(const struct json *doc, int node, char out[BODY_ID_MAX])
{
	int	kind = json_kind(doc, node), ok;
	int64_t	value;
	char	*plain;

	if (kind == 't' || kind == 'f' || (kind == JSMN_ARRAY && doc->nodes[node].size == 0)) {
		snprintf(out, BODY_ID_MAX, "%d", kind == 't');
		return (1);
	}
	if (kind != JSMN_STRING && kind != 0)
		return (0);
	plain = json_plain(doc, node);
	ok = kind == 0 ? number_integer(plain, &value) : text_integer(plain, &value);
	free(plain);
	if (ok)
		snprintf(out, BODY_ID_MAX, "%" PRId64, value);

	return (ok);
}

static void
value_keep(struct check *c, const struct field *f, const char *value, size_t len)
{
	kore_buf_append(&c->body, ",", c->body.offset > 1 ? 1 : 0);
	json_quote(&c->body, f->name);
	kore_buf_append(&c->body, ":", 1);
	kore_buf_append(&c->body, value, len);
}

/* Stores an integer without a fraction: PostgreSQL rejects 1990.0 as an integer, which JavaScript clients may send. */
static void
integer_keep(struct check *c, const struct field *f, double value)
{
	char	text[32];

	snprintf(text, sizeof(text), "%.0f", value);
	value_keep(c, f, text, strlen(text));
}

static void
id_check(struct check *c, const struct field *f, int node)
{
	char	value[BODY_ID_MAX];
	int64_t	n;

	if (!body_id(&c->r->json, node, value)) {
		error_type(c, f, "bigint", kind_name(json_kind(&c->r->json, node)));
		return;
	}
	n = strtoll(value, NULL, 10);
	if ((f->min != 0 || f->max != 0) && n < f->min)
		error_range(c, f, "bigint", 1, f->min, "Number must be greater than or equal to #");
	else if (f->max != 0 && n > f->max)
		error_range(c, f, "bigint", 0, f->max, "Number must be less than or equal to #");
	else
		value_keep(c, f, value, strlen(value));
}

double
body_number(const struct json *doc, int node)
{
	int	kind = json_kind(doc, node);
	char	*plain;
	double	value;

	if (kind == 't' || kind == 'f' || kind == 'n' || (kind == JSMN_ARRAY && doc->nodes[node].size == 0))
		return (kind == 't');
	if (kind != JSMN_STRING && kind != 0)
		return (NAN);
	plain = json_plain(doc, node);
	value = number_of_text(plain);
	free(plain);

	return (value);
}

static void
count_check(struct check *c, const struct field *f, int node)
{
	double	value = body_number(&c->r->json, node);

	if (isnan(value))
		error_type(c, f, "number", "nan");
	else
		integer_check(c, f, value, f->max != 0 ? f->max : INT32_MAX);
	if (c->errors == 0)
		integer_keep(c, f, value);
}

static void
date_check(struct check *c, const struct field *f, int node)
{
	const struct json	*doc = &c->r->json;
	int			kind = json_kind(doc, node), ok = 1;
	char			text[24], *plain;
	int64_t			ms = kind == 't';
	double			value;

	if (kind == JSMN_STRING) {
		plain = json_plain(doc, node);
		ok = date_parse(plain, &ms);
		free(plain);
	} else if (kind == 0) {
		value = number_get(doc, node);
		if ((ok = value >= (double)DATE_MS_MIN && value <= (double)DATE_MS_MAX))
			ms = (int64_t)value;
	} else {
		ok = kind == 't' || kind == 'f' || kind == 'n';
	}
	snprintf(text, sizeof(text), "%" PRId64, ms);
	if (ok)
		value_keep(c, f, text, strlen(text));
	else
		error_add(c, f, PATH_FIRST, "Invalid date", "\"code\":\"invalid_date\"");
}

static void	value_check(struct check *, const struct field *, int);

/* Returns the type name of a field in error messages. */
static const char *
type_name(const struct field *f)
{
	static const char	*names[] = {
		[FIELD_BOOLEAN] = "boolean", [FIELD_INTEGER] = "number", [FIELD_COUNT] = "number", [FIELD_ID] = "bigint", [FIELD_OBJECT] = "object",
		[FIELD_STRINGS] = "array", [FIELD_CHOICES] = "array", [FIELD_OBJECTS] = "array",
	};

	if ((size_t)f->type < sizeof(names) / sizeof(*names) && names[f->type] != NULL)
		return (names[f->type]);

	return ("string");
}

/* Checks an object in an array. Errors by field name the array, not the member, as in the Node service. */
static void
object_check(struct check *c, const struct field *f, int position, int node)
{
	const struct field	*sub;
	struct field		inner;
	int			value;

	for (sub = f->of; sub->name != NULL; sub++) {
		inner = *sub;
		inner.name = f->name;
		snprintf(c->path, sizeof(c->path), "[\"%s\",%d,\"%s\"]", f->name, position, sub->name);
		if ((value = json_get(&c->r->json, node, sub->name)) >= 0)
			value_check(c, &inner, value);
		else if (sub->required)
			error_missing(c, f, type_name(sub));
	}
}

static void
objects_check(struct check *c, const struct field *f, int node)
{
	const struct json	*doc = &c->r->json;
	int			i, item = node + 1;

	size_check(c, f, node);
	for (i = 0; i < doc->nodes[node].size && c->errors < FIELD_ERRORS_MAX; i++, item = json_next(doc, item)) {
		snprintf(c->path, sizeof(c->path), "[\"%s\",%d]", f->name, i);
		if (expect(c, f, json_kind(doc, item), JSMN_OBJECT, "object"))
			object_check(c, f, i, item);
	}
}

static void
choices_check(struct check *c, const struct field *f, int node)
{
	int	i, item = node + 1;

	for (i = 0; i < c->r->json.nodes[node].size && c->errors < FIELD_ERRORS_MAX; i++, item = json_next(&c->r->json, item))
		choice_check(c, f, item);
}

static void
value_check(struct check *c, const struct field *f, int node)
{
	int	kind = json_kind(&c->r->json, node);

	switch (f->type) {
	case FIELD_UNION:
		if (kind != JSMN_STRING)
			error_add(c, f, PATH_FIRST, "Invalid input", "\"code\":\"invalid_union\"");
		else
			string_check(c, f, node);
		break;
	case FIELD_STRING:
	case FIELD_EMAIL:
	case FIELD_PASSWORD:
		if (expect(c, f, kind, JSMN_STRING, "string")) {
			string_check(c, f, node);
			text_check(c, f, node);
		}
		break;
	case FIELD_BOOLEAN:
		(void)expect(c, f, kind == 'f' ? 't' : kind, 't', "boolean");
		break;
	case FIELD_INTEGER:
		if (expect(c, f, kind, 0, "number"))
			integer_check(c, f, number_get(&c->r->json, node), f->max == FIELD_THIS_YEAR ? year_now() : f->max);
		break;
	case FIELD_OBJECT:
		(void)expect(c, f, kind, JSMN_OBJECT, "object");
		break;
	case FIELD_STRINGS:
		if (expect(c, f, kind, JSMN_ARRAY, "array"))
			strings_check(c, f, node);
		break;
	case FIELD_CHOICE:
		choice_check(c, f, node);
		break;
	case FIELD_CHOICES:
		if (expect(c, f, kind, JSMN_ARRAY, "array"))
			choices_check(c, f, node);
		break;
	case FIELD_ID:
		id_check(c, f, node);
		break;
	case FIELD_COUNT:
		count_check(c, f, node);
		break;
	case FIELD_DATE:
		date_check(c, f, node);
		break;
	case FIELD_OBJECTS:
		if (expect(c, f, kind, JSMN_ARRAY, "array"))
			objects_check(c, f, node);
		break;
	}
}

static void
field_check(struct check *c, const struct field *f)
{
	const char	*raw;
	size_t		len;
	int		node = c->r->json.count > 0 ? json_get(&c->r->json, 0, f->name) : -1;

	c->errors = 0;
	snprintf(c->path, sizeof(c->path), "[\"%s\"]", f->name);
	if (node >= 0)
		value_check(c, f, node);
	else if (f->required)
		error_missing(c, f, type_name(f));
	if (c->errors > 0) {
		kore_buf_append(&c->fields, "]", c->r->route->issues == NULL ? 1 : 0);
	} else if (node >= 0 && f->type == FIELD_INTEGER) {
		integer_keep(c, f, number_get(&c->r->json, node));
	} else if (node >= 0 && f->type != FIELD_ID && f->type != FIELD_COUNT && f->type != FIELD_DATE) {
		raw = json_raw(&c->r->json, node, &len);
		value_keep(c, f, raw, len);
	}
}

static void
check_refuse(struct check *c, const char *form)
{
	struct kore_buf	out;

	kore_buf_init(&out, 256);
	if (c->r->route->issues != NULL) {
		kore_buf_appendf(&out, "{\"message\":\"%s\",\"issues\":[", c->r->route->issues);
		kore_buf_append(&out, c->fields.data, c->fields.offset);
		kore_buf_append(&out, "]}", 2);
	} else {
		kore_buf_appendf(&out, "{\"errors\":{\"formErrors\":[%s],\"fieldErrors\":{", form);
		kore_buf_append(&out, c->fields.data, c->fields.offset);
		kore_buf_appendf(&out, "}},\"message\":");
		json_quote(&out, *c->first != '\0' ? c->first : NOT_AN_OBJECT);
		kore_buf_append(&out, "}", 1);
	}
	sql_refusal(c->r, 400, request_copy(c->r, kore_buf_stringify(&out, NULL)));
	kore_buf_cleanup(&out);
}

int
body_check(struct request *r)
{
	struct check		c = { .r = r };
	const struct field	*f;
	int			ok;

	if (r->route->fields == NULL)
		return (1);
	kore_buf_init(&c.fields, 128);
	kore_buf_init(&c.body, 256);
	if (r->json.count > 0 && r->json.nodes[0].type == JSMN_ARRAY) {
		ok = 0;
		memcpy(c.path, "[]", sizeof("[]"));
		if (r->route->issues != NULL)
			issue_add(&c, PATH_FIRST, "\"code\":\"invalid_type\",\"expected\":\"object\",\"received\":\"array\"", NOT_AN_OBJECT);
		check_refuse(&c, "\"" NOT_AN_OBJECT "\"");
	} else {
		kore_buf_append(&c.body, "{", 1);
		for (f = r->route->fields; f->name != NULL; f++)
			field_check(&c, f);
		kore_buf_append(&c.body, "}", 1);
		if (!(ok = c.fields.offset == 0))
			check_refuse(&c, "");
		else
			r->body = request_copy(r, kore_buf_stringify(&c.body, NULL));
	}
	kore_buf_cleanup(&c.fields);
	kore_buf_cleanup(&c.body);

	return (ok);
}
