/*
 * Rendering of mail when memory is out.
 */
#include "unit.h"

#include <jansson.h>

#include "net/template.h"

static size_t	left;	/* allocations of jansson that succeed; those after them fail */

static void *
scarce_malloc(size_t len)
{
	if (left == 0)
		return (NULL);
	left--;

	return (malloc(len));
}

static enum template_result
render(const char *vars, char why[128])
{
	struct mail_content	mail;
	enum template_result	result = template_render("campaign", vars, "https://x.example/u", &mail, why, 128);

	if (result == TEMPLATE_OK) {
		assert_string_equal(mail.subject, "News");
		assert_string_equal(mail.html, "<p>Hi Ada <a href='https://x.example/u'>no more</a></p>");
		assert_non_null(strstr(mail.text, "Hi Ada no more (https://x.example/u)"));
	}
	mail_content_free(&mail);

	return (result);
}

/* Each allocation fails in turn. The mail is rendered whole, or the caller learns that it may succeed later: it must not be given up. */
static void
lack_of_memory_is_told(void **state)
{
	static const char	vars[] = "{\"subject\": \"News\", \"html\": \"<p>Hi {{name}} <a href='{{unsubscribe}}'>no more</a></p>\", \"name\": \"Ada\"}";
	char			why[128];
	size_t			n;

	(void)state;
	json_set_alloc_funcs(scarce_malloc, free);
	for (n = 0; left = n, render(vars, why) != TEMPLATE_OK; n++) {
		left = n;
		assert_int_equal(render(vars, why), TEMPLATE_NO_MEMORY);
		assert_string_equal(why, "out of memory");
		assert_true(n < 1000);
	}
	assert_true(n > 5);
	json_set_alloc_funcs(malloc, free);
}

static void
what_cannot_be_rendered_is_told(void **state)
{
	struct mail_content	mail;
	char			why[128];

	(void)state;
	assert_int_equal(template_render("nothing", "{}", "", &mail, why, sizeof(why)), TEMPLATE_WRONG);
	assert_int_equal(template_render("campaign", "[]", "", &mail, why, sizeof(why)), TEMPLATE_WRONG);
	assert_int_equal(template_render("campaign", "5", "", &mail, why, sizeof(why)), TEMPLATE_WRONG);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(lack_of_memory_is_told),
		cmocka_unit_test(what_cannot_be_rendered_is_told),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
