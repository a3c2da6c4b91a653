/*
 * Percent-encoding of forms and URLs.
 */
#include <ctype.h>
#include <string.h>

#include "net/form.h"

static void
encode(struct kore_buf *out, const char *text, const char *blank)
{
	for (; *text != '\0'; text++) {
		if (isalnum((unsigned char)*text) || strchr("*-._", *text) != NULL)
			kore_buf_append(out, text, 1);
		else if (*text == ' ')
			kore_buf_append(out, blank, strlen(blank));
		else
			kore_buf_appendf(out, "%%%02X", (unsigned char)*text);
	}
}

void
form_add(struct kore_buf *out, const char *name, const char *value)
{
	if (out->offset > 0 && out->data[out->offset - 1] != '?')
		kore_buf_append(out, "&", 1);
	encode(out, name, "+");
	kore_buf_append(out, "=", 1);
	encode(out, value, "+");
}

void
form_segment(struct kore_buf *out, const char *text)
{
	encode(out, text, "%20");
}
