/*
 * Route declarations as JSON.
 */
#include <inttypes.h>
#include <string.h>

#include "http/route.h"
#include "http/route_doc.h"

extern const struct route *const	__start_routes[], *const __stop_routes[];

static void
text_print(FILE *out, const char *name, const char *text)
{
	struct kore_buf	quoted;

	kore_buf_init(&quoted, 64);
	json_quote(&quoted, text);
	fprintf(out, ",\"%s\":%.*s", name, (int)quoted.offset, (char *)quoted.data);
	kore_buf_cleanup(&quoted);
}

static const char *
type_name(enum field_type type)
{
	static const char	*names[] = {
		[FIELD_STRING] = "string", [FIELD_EMAIL] = "email", [FIELD_PASSWORD] = "password", [FIELD_BOOLEAN] = "boolean",
		[FIELD_INTEGER] = "integer", [FIELD_OBJECT] = "object", [FIELD_STRINGS] = "strings", [FIELD_CHOICE] = "choice",
		[FIELD_CHOICES] = "choices", [FIELD_ID] = "id", [FIELD_COUNT] = "count", [FIELD_OBJECTS] = "objects", [FIELD_DATE] = "date",
		[FIELD_UNION] = "union",
	};

	return (names[type]);
}

static void
fields_print(FILE *out, const struct field *f)
{
	const struct field	*first = f;

	if (f == NULL) {
		fputs(",\"fields\":null", out);
		return;
	}
	fputs(",\"fields\":[", out);
	for (; f->name != NULL; f++) {
		fprintf(out, "%s{\"name\":\"%s\",\"type\":\"%s\",\"required\":%s", f == first ? "" : ",", f->name, type_name(f->type),
		    f->required ? "true" : "false");
		if (f->min != 0)
			fprintf(out, ",\"min\":%" PRId64, f->min);
		if (f->max == FIELD_THIS_YEAR)
			fputs(",\"max\":\"this year\"", out);
		else if (f->max != 0)
			fprintf(out, ",\"max\":%" PRId64, f->max);
		if (f->choices != NULL)
			text_print(out, "choices", f->choices);
		if (f->of != NULL)
			fields_print(out, f->of);
		fputc('}', out);
	}
	fputc(']', out);
}

static const char *
param_type_name(enum param_type type)
{
	static const char	*names[] = {
		[PARAM_TEXT] = "text", [PARAM_CHOICE] = "choice", [PARAM_ID] = "id", [PARAM_DIGITS] = "digits", [PARAM_COUNT] = "count",
		[PARAM_NUMBER] = "number", [PARAM_POSITIVE] = "positive", [PARAM_COUNTRY] = "country", [PARAM_KID_MODE] = "kidMode",
		[PARAM_SIGNED] = "signed", [PARAM_UNUSED] = "unused",
	};

	return (names[type]);
}

static void
query_print(FILE *out, const struct param *p)
{
	const char	*comma = "";

	fputs(",\"query\":[", out);
	for (; p != NULL && p->name != NULL; p++) {
		fprintf(out, "%s{\"name\":\"%s\",\"type\":\"%s\",\"first\":%s,\"refuse\":%s", comma, p->name, param_type_name(p->type),
		    p->first ? "true" : "false", p->refuse ? "true" : "false");
		if (p->min != 0 || p->max != 0)
			fprintf(out, ",\"min\":%.0f,\"max\":%.0f", p->min, p->max);
		if (p->choices != NULL)
			text_print(out, "choices", p->choices);
		if (p->otherwise != NULL)
			text_print(out, "default", p->otherwise);
		fputc('}', out);
		comma = ",";
	}
	fputc(']', out);
}

static void
roles_print(FILE *out, int roles)
{
	static const struct { int role; const char *name; } names[] = {
		{ ROLE_API, "api" }, { ROLE_TRANSCODE, "transcode" }, { ROLE_CRON, "cron" },
	};
	size_t		i;
	const char	*comma = "";

	fputs(",\"roles\":[", out);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!((roles != 0 ? roles : ROLE_API) & names[i].role))
			continue;
		fprintf(out, "%s\"%s\"", comma, names[i].name);
		comma = ",";
	}
	fputc(']', out);
}

static void
route_print(FILE *out, const struct route *r)
{
	fprintf(out, "{\"method\":\"%s\"", http_method_text(r->method));
	text_print(out, "path", r->path);
	roles_print(out, r->roles);
	text_print(out, "statement", r->statement);
	text_print(out, "guard", r->guard);
	fprintf(out, ",\"strict\":%s,\"shared\":%s", r->strict ? "true" : "false", r->shared ? "true" : "false");
	text_print(out, "limit", r->limit);
	text_print(out, "id", r->id);
	query_print(out, r->query);
	fields_print(out, r->fields);
	text_print(out, "issues", r->issues);
	fprintf(out, ",\"raw\":%s,\"bodyMax\":%zu}", r->raw ? "true" : "false", r->body_max != 0 ? r->body_max : (size_t)BODY_MAX);
}

void
route_doc_print(FILE *out)
{
	const struct route *const	*entry;

	for (entry = __start_routes; entry < __stop_routes; entry++) {
		fputs(entry == __start_routes ? "[" : ",\n", out);
		route_print(out, *entry);
	}
	fputs("]\n", out);
}
