/*
 * Mails from the templates in assets/mail. NAME.txt holds the subject in its
 * first line, an empty line, and the text part. NAME.html holds the HTML part,
 * which replaces {{content}} in layout.html.
 *
 *	{{name}}		value of the variable
 *	{{name|uri}}		value, percent-encoded for a link
 *	{{name|else words}}	value; the words if it is empty
 *	{{name|lines}}		value with its line breaks
 *	{{?name}} ... {{/}}	section that is left out if the variable is empty
 *
 * The variable "name" is shown as mail_name() returns it (net/mail_name.h).
 * APP_ORIGIN and ADMIN_APP_ORIGIN are the configuration's. FRONTEND_URL is
 * APP_ORIGIN if that is set. In HTML all values are escaped.
 *
 * The template "campaign" has no files: its variables subject and html are the
 * whole mail, and the text part is made from html. In html, {{name}} and
 * {{email}}, in any case and with blanks inside the braces, are replaced by the
 * recipient's, {{unsubscribe}} by the URL that ends campaigns to the recipient
 * (docs/compatibility.md#mail-placeholders).
 */
#ifndef WANZAMI_TEMPLATE_H
#define WANZAMI_TEMPLATE_H

#include <stddef.h>

struct mail_content {
	char	*subject;	/* one line, UTF-8 */
	char	*text;
	char	*html;
	char	*reply_to;	/* unchecked e-mail address that answers go to; NULL: the sender */
};

enum template_result {
	TEMPLATE_OK,
	TEMPLATE_WRONG,		/* the template does not exist, or vars is not an object */
	TEMPLATE_NO_MEMORY	/* it may succeed later */
};

/*
 * Renders a template with vars, a JSON object of strings, and the URL that ends
 * campaigns to the recipient ("": none). vars is valid JSON, as a column of type
 * jsonb is. The caller frees the result with mail_content_free(), also on error.
 * On error writes the reason. Any thread; a campaign can take a while.
 */
enum template_result	template_render(const char *name, const char *vars, const char *unsubscribe, struct mail_content *, char *why, size_t len);

/* Frees what a mail_content holds; a zeroed one is allowed. */
void	mail_content_free(struct mail_content *);

#endif
