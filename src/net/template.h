/*
 * Mails from the templates in assets/mail. NAME.txt holds the subject in its
 * first line, an empty one, and the text; NAME.html the inside of layout.html.
 *
 * {{name}} stands for a variable, {{name|uri}} for it percent-encoded as a part
 * of a link, {{name|else words}} for it or, when it is empty, the words,
 * {{name|lines}} for it with its lines as they are. A part from {{?name}} to
 * {{/}} is left out when the variable is empty. APP_ORIGIN and ADMIN_APP_ORIGIN
 * are those of the configuration, FRONTEND_URL is APP_ORIGIN or else itself. In
 * HTML everything that is put in is escaped.
 *
 * The template "campaign" is a letter that somebody wrote: its variables subject
 * and html are all of it, and in html {{name}} and {{email}}, in any case and
 * with blanks inside the braces, stand for the recipient
 * (docs/compatibility.md#mail-placeholders).
 */
#ifndef WANZAMI_TEMPLATE_H
#define WANZAMI_TEMPLATE_H

#include <stddef.h>

struct letter {
	char	*subject;	/* one line, UTF-8 */
	char	*text;		/* NULL: it has none */
	char	*html;
};

/*
 * Fills the letter from a template and vars, a JSON object of strings; the
 * caller frees it with letter_free(). Returns 0 and why when there is no such
 * template or vars is no object. Any thread.
 */
int	template_render(const char *name, const char *vars, struct letter *, char *why, size_t len);

/* Frees what a letter holds; one of zeros is allowed. */
void	letter_free(struct letter *);

#endif
