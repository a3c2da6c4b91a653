/*
 * The text part of a mail, from its HTML.
 */
#include "unit.h"

#include "net/html_text.h"

static const struct { const char *html, *text; }	pairs[] = {
	{ "", "" }, { "   \n ", "" }, { "Hello", "Hello\n" }, { "<b>a</b>b  c\nd", "ab c d\n" },
	{ "<p>One</p>\n<p>Two<br>three<br/><br/>four</p>", "One\n\nTwo\nthree\n\nfour\n" },
	{ "<head><title>x</title><style>p{a:b}</style></head><body>y<script>if (a<b) c()</script></body>", "y\n" },
	{ "<!doctype html><!-- a > b --><?x y?>z<!-- no end", "z\n" },
	{ "<ul><li>a</li><li> b</li></ul>c", "- a\n- b\n\nc\n" },
	{ "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc\n" },
	{ "<a href=\"https://x.example/?a=1&amp;b=2\">See <b>it</b></a>!", "See it (https://x.example/?a=1&b=2)!\n" },
	{ "<a href='https://x.example'>https://x.example</a>", "https://x.example\n" },
	{ "<p>a</p><a href=\"https://x.example\">https://x.example</a>", "a\n\nhttps://x.example\n" },
	{ "<a href=\"mailto:a@x.example\">a@x.example</a> <a href=\"#top\">up</a> <a name=\"n\">n</a>", "a@x.example up n\n" },
	{ "<a href=\"https://x.example\"><img src=\"i\" alt=\"Logo\"></a><a href=\"https://y.example\"><img src=\"i\"></a>",
	    "Logo (https://x.example)https://y.example\n" },
	{ "<a href=\"https://x.example\">open", "open (https://x.example)\n" },
	{ "a &lt; b &amp;&amp; c&nbsp;d &#8364;&#x1F3AC; &bogus; & &; &#xD800;&#0;&#99999999;", "a < b && c d €\xf0\x9f\x8e\xac &bogus; & &;\n" },
	{ "1 < 2 <3 <", "1 < 2 <3 <\n" }, { "<", "<\n" }, { "</", "" }, { "<p", "" }, { "<p title=\"a>b\">c", "c\n" }, { "&", "&\n" }, { "&#", "&#\n" },
	{ "<pre>a\n\nb</pre>c", "a\n\nb\n\nc\n" }, { "a<hr>b", "a\n----\nb\n" }, { "<style>never closed", "" }, { "<STYLE>x</StyLe >y", "y\n" },
	{ "<custom-tag>x</custom-tag><h1>y</h1>", "x\n\ny\n" }, { "é ü\xff", "é ü\xff\n" }
};

static void
text_is_read(void **state)
{
	size_t	i;

	(void)state;
	for (i = 0; i < LENGTH(pairs); i++) {
		char	*text = html_text(pairs[i].html);

		assert_non_null(text);
		assert_string_equal(text, pairs[i].text);
		free(text);
	}
}

/* Every beginning and end of each text is read, too: no byte before or behind it is touched (sanitizers, valgrind). */
static void
cut_text_is_read(void **state)
{
	size_t	i, n, len;
	char	*copy, *text;

	(void)state;
	for (i = 0; i < LENGTH(pairs); i++) {
		len = strlen(pairs[i].html);
		for (n = 0; n <= len; n++) {
			assert_non_null(copy = strndup(pairs[i].html, n));
			assert_non_null(text = html_text(copy));
			free(text);
			free(copy);
			assert_non_null(text = html_text(pairs[i].html + n));
			free(text);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(text_is_read), cmocka_unit_test(cut_text_is_read) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
