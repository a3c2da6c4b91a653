/*
 * Names of people in mail.
 */
#include "unit.h"

#include "net/mail_name.h"

#define TEN	"0123456789"
#define NINETY	TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void
names_are_harmless(void **state)
{
	static const struct { const char *name, *shown; }	pairs[] = {
		{ "", "" }, { " \t\n", "" }, { "Ada", "Ada" }, { "  Ada \r\n  Obi ", "Ada Obi" }, { "Dr. Zo\xc3\xab \xe1\xbb\x8cm\xe1\xbb\x8d", "Dr. Zo\xc3\xab \xe1\xbb\x8cm\xe1\xbb\x8d" },
		{ "a\xe2\x80\xa8" "b\xc2\x85" "c\x7f" "d", "a b c d" }, { "https://evil.example/x?y=1.5", "https: evil. example/x?y=1. 5" },
		{ "Win at www.evil.example now...", "Win at www. evil. example now..." }, { "x@evil.example.", "x@evil. example." }, { "J.R. Obi", "J. R. Obi" },
		{ "St.\xc3\x89loi", "St. \xc3\x89loi" }, { "a\xff" "b", "a b" }, { "<b>", "<b>" },
		{ NINETY TEN, NINETY TEN }, { NINETY TEN "  ", NINETY TEN }, { NINETY TEN "x", NINETY "012345678\xe2\x80\xa6" },
		{ NINETY "01234567.com", NINETY "01234567.\xe2\x80\xa6" }, { NINETY "012345678 x", NINETY "012345678\xe2\x80\xa6" } };
	size_t	i;

	(void)state;
	for (i = 0; i < LENGTH(pairs); i++) {
		char	*name = mail_name(pairs[i].name);

		assert_non_null(name);
		assert_string_equal(name, pairs[i].shown);
		free(name);
	}
}

static void
the_longest_name_fits(void **state)
{
	char	name[4 * 300 + 1], *shown;
	size_t	i;

	(void)state;
	for (i = 0; i < 300; i++)
		memcpy(name + 4 * i, "\xf0\x9f\x8e\xac", 4);
	name[sizeof(name) - 1] = '\0';
	assert_non_null(shown = mail_name(name));
	assert_int_equal(strlen(shown), 4 * 99 + 3);
	free(shown);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(names_are_harmless), cmocka_unit_test(the_longest_name_fits) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
