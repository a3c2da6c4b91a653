/*
 * Timed text: files as people make them, and the WebVTT that is written.
 */
#include "unit.h"

#include <stdio.h>

#include "base/language.h"
#include "base/vtt.h"

#define SRT(first, second)	"1\n00:00:01,000 --> 00:00:02,500\n" first "\n\n2\n00:00:03,000 --> 00:00:04,000\n" second "\n"
#define VTT(first, second)	"WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n" first "\n\n00:00:03.000 --> 00:00:04.000\n" second "\n"

static void
read_len(const char *file, size_t len, const char *wanted)
{
	struct vtt	v = { 0 };
	char		error[VTT_ERROR_MAX], *text;
	size_t		n;

	assert_int_equal(vtt_read(&v, file, len, error), VTT_OK);
	assert_string_equal(error, "");
	assert_non_null(text = vtt_write(&v, &n));
	assert_int_equal(n, strlen(text));
	assert_string_equal(text, wanted);
	free(text);
	vtt_free(&v);
}

static void
reads(const char *file, const char *wanted)
{
	read_len(file, strlen(file), wanted);
}

static void
fails(const char *file, size_t len, const char *wanted)
{
	struct vtt	v = { 0 };
	char		error[VTT_ERROR_MAX];

	assert_int_equal(vtt_read(&v, file, len, error), VTT_INVALID);
	assert_string_equal(error, wanted);
	vtt_free(&v);
}

#define FAILS(file, wanted)	fails(file, sizeof(file) - 1, wanted)

static void
subrip(void **state)
{
	(void)state;
	reads(SRT("One", "Two"), VTT("One", "Two"));
	reads("\xef\xbb\xbf" SRT("One", "Two"), VTT("One", "Two"));
	reads("1\r\n00:00:01,000 --> 00:00:02,500\r\nOne\r\nmore\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\nTwo", VTT("One\nmore", "Two"));
	reads("1\r00:00:01,000 --> 00:00:02,500\rOne\r\r2\r00:00:03,000 --> 00:00:04,000\rTwo\r", VTT("One", "Two"));
	/* no numbers; blank lines missing, doubled and inside a text; other forms of a time; coordinates; wrong order */
	reads("00:00:01,000 --> 00:00:02,500\nOne\n00:00:03,000 --> 00:00:04,000\nTwo", VTT("One", "Two"));
	reads("1\n00:00:01,000 --> 00:00:02,500\nOne\n2\n00:00:03,000 --> 00:00:04,000\nTwo", VTT("One", "Two"));
	reads("\n\n1\n\n00:00:01,000 --> 00:00:02,500\n\nOne\n\nmore\n\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo", VTT("One\nmore", "Two"));
	reads("1\n0:0:1.0-->00:00:02,5\nOne\n\n2\n00:03 --> 0:00:04,00 X1:1 X2:9\nTwo", VTT("One", "Two"));
	reads("2\n00:00:03,000 --> 00:00:04,000\nTwo\n\n1\n00:00:01,000 --> 00:00:02,500\nOne", VTT("One", "Two"));
	/* a text that is a number, and one that looks like times */
	reads("1\n00:00:01,000 --> 00:00:02,500\n1984\n\n2\n00:00:03,000 --> 00:00:04,000\ngo --> there", VTT("1984", "go --&gt; there"));
	reads("1\n00:00:01,000 --> 00:00:02,500\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo", "WEBVTT\n\n00:00:03.000 --> 00:00:04.000\nTwo\n");
}

static void
webvtt(void **state)
{
	(void)state;
	reads(VTT("One", "Two"), VTT("One", "Two"));
	reads("WEBVTT - a title\nKind: captions\n\nNOTE\n00:00:00.000 --> 00:00:09.000\nno cue\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:fred\n\n"
	    "first\n00:01.000 --> 00:02.500 line:0 align:start\n<v.loud Fred><c.red>One</c></v>\n\nsecond\n00:03.000 --> 00:04.000\nT<00:03.500>wo\n\nleft over",
	    VTT("One", "Two"));
	reads("WEBVTT\n00:01.000 --> 00:02.500\nOne\n\n00:03.000 --> 00:04.000\nTwo", VTT("One", "Two"));
	reads(VTT("NOTE that", "a &amp; b &lt;c&gt; &#8222;d&#x201d; &nope; e & f"), VTT("NOTE that", "a &amp; b &lt;c&gt; \u201ed\u201d &amp;nope; e &amp; f"));
	reads("WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nOne\n\n1\n\nfirst\n\n00:00:03.000 --> 00:00:04.000\nTwo", VTT("One", "Two"));
}

static void
markup(void **state)
{
	(void)state;
	reads(SRT("<i>One</i>", "a <B>b <i>c</B> d</i> e"), VTT("<i>One</i>", "a <b>b</b> <i><b>c</b></i> <i>d</i> e"));
	reads(SRT("<font color=\"#ff0000\">One</font> <3 <laughs> 5 < 6 > 4", "{\\an8}{\\i1}T{\\i0}wo {b}"), VTT("One &lt;3 &lt;laughs&gt; 5 &lt; 6 &gt; 4", "<i>T</i>wo {b}"));
	reads(SRT("<i>One\n<i></i>\n</i>", "</i><u>Two"), VTT("<i>One</i>", "<u>Two</u>"));
	reads(SRT("AT&amp;T & Co", "  a  \t b\x01 \n  "), VTT("AT&amp;T &amp; Co", "a    b"));
	reads(SRT("<i> </i>One", "a<br/>b<br><em>c</em>"), VTT("One", "a\nb\n<i>c</i>"));
}

static void
ass_is(const char *text, unsigned style, const char *wanted)
{
	struct vtt	v = { 0 };

	assert_int_equal(vtt_add(&v, 0, 1, text, strlen(text), VTT_MARKUP_ASS, style), VTT_OK);
	assert_int_equal(v.count, *wanted != '\0');
	if (v.count > 0)
		assert_string_equal(v.cues[0].text, wanted);
	vtt_free(&v);
}

static void
substation(void **state)
{
	(void)state;
	ass_is("One\\NTwo\\hthree\\nfour", 0, "One\nTwo three four");
	ass_is("{\\pos(1,2)\\blur3\\i1}One{\\i0\\b700}two{\\b0\\u1}three{\\r}four", 0, "<i>One</i><b>two</b><u>three</u>four");
	ass_is("One {\\i0}two{\\i} three", VTT_ITALIC, "<i>One</i> two <i>three</i>");
	ass_is("{\\p1}m 0 0 l 100 0 100 100{\\p0}", 0, "");
	ass_is("{\\p1}m 0 0{\\p0}Sign", 0, "Sign");
	ass_is("a < b & c {comment}d \\{e\\}", 0, "a &lt; b &amp; c d {e}");
	ass_is("{\\i1", 0, "{\\i1");
	ass_is("\xff{\\i1}\xc3", 0, "\ufffd<i>\ufffd</i>");
}

/* `swap`: the other order of bytes. */
static void
utf16(const uint16_t *file, int swap, const char *wanted)
{
	char	bytes[128];
	size_t	n;

	for (n = 0; file[n] != 0; n++) {
		bytes[2 * n] = (char)(swap ? file[n] >> 8 : file[n]);
		bytes[2 * n + 1] = (char)(swap ? file[n] : file[n] >> 8);
	}
	read_len(bytes, 2 * n, wanted);
}

static void
encodings(void **state)
{
	(void)state;
	reads(SRT("caf\xe9 \x93quoted\x94 \x80", "Two"), VTT("caf\u00e9 \u201cquoted\u201d \u20ac", "Two"));
	reads(SRT("caf\u00e9", "Two"), VTT("caf\u00e9", "Two"));
	utf16(u"\ufeff0:1 --> 0:2\n\U0001f600\u00e9\xdc00", 0, "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n\U0001f600\u00e9\ufffd\n");
	utf16(u"\ufeff0:1-->0:2\nA", 1, "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nA\n");
}

static void
refused(void **state)
{
	static const char	none[] = "The file has no cue with text: it is neither SubRip (.srt) nor WebVTT (.vtt).";
	static const char	times[] = "Line 2: the times cannot be read; an example is 00:01:02.500 --> 00:01:04.000";

	(void)state;
	FAILS("", none);
	FAILS("WEBVTT", none);
	FAILS("Dear diary", none);
	FAILS("{1}{25}MicroDVD", none);
	FAILS("\0\0\0\x1c" "ftypisom", "The file is no text: it is neither SubRip (.srt) nor WebVTT (.vtt).");
	FAILS("1\n00:00:61,000 --> 00:01:02,000\nOne", times);
	FAILS("1\n00:00:01,000 --> 00:01:62,000\nOne", times);
	FAILS("1\n-00:00:01,000 --> 00:00:02,000\nOne", times);
	FAILS("1\n00:00:01,000 --> now\nOne", times);
	FAILS("1\n1:00:00:01,000 --> 1:00:00:02,000\nOne", times);
	FAILS("1\n00:00:02,000 --> 00:00:01,000\nOne", "Line 2: the cue ends before it begins.");
}

static void
order(void **state)
{
	struct vtt	v = { 0 };
	char		*text;
	size_t		n;

	(void)state;
	assert_int_equal(vtt_add(&v, 2000, 3000, "B", 1, VTT_MARKUP_ASS, 0), VTT_OK);
	assert_int_equal(vtt_add(&v, -500, 1000, "A", 1, VTT_MARKUP_ASS, 0), VTT_OK);
	assert_int_equal(vtt_add(&v, 3000, 3500, "B", 1, VTT_MARKUP_ASS, 0), VTT_OK);
	assert_int_equal(vtt_add(&v, 2000, 3000, "B", 1, VTT_MARKUP_ASS, 0), VTT_OK);
	assert_int_equal(vtt_add(&v, 2000, 3000, "C", 1, VTT_MARKUP_ASS, 0), VTT_OK);
	assert_int_equal(vtt_add(&v, -500, 0, "gone", 4, VTT_MARKUP_ASS, 0), VTT_OK);
	assert_int_equal(vtt_add(&v, (int64_t)1 << 40, (int64_t)1 << 41, "late", 4, VTT_MARKUP_ASS, 0), VTT_OK);
	assert_int_equal(vtt_add(&v, VTT_TIME_MAX - 1, (int64_t)1 << 41, "end", 3, VTT_MARKUP_ASS, 0), VTT_OK);
	assert_non_null(text = vtt_write(&v, &n));
	assert_string_equal(text, "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nA\n\n00:00:02.000 --> 00:00:03.000\nC\n\n00:00:02.000 --> 00:00:03.500\nB\n\n"
	    "99:59:59.998 --> 99:59:59.999\nend\n");
	free(text);
	vtt_free(&v);
}

static void
limits(void **state)
{
	struct vtt	v = { 0 };
	char		*big = malloc(VTT_FILE_MAX + 1), error[VTT_ERROR_MAX];
	size_t		i;

	(void)state;
	for (i = 0; i < VTT_CUES_MAX; i++)
		assert_int_equal(vtt_add(&v, (int64_t)i, (int64_t)i + 1, "x", 1, VTT_MARKUP_ASS, 0), VTT_OK);
	assert_int_equal(vtt_add(&v, 0, 1, "x", 1, VTT_MARKUP_ASS, 0), VTT_TOO_LARGE);
	vtt_free(&v);
	memset(big, '&', VTT_FILE_MAX + 1);
	assert_int_equal(vtt_add(&v, 0, 1, big, VTT_FILE_MAX / 4, VTT_MARKUP_ASS, 0), VTT_TOO_LARGE);
	assert_int_equal(vtt_add(&v, 0, 1, big, VTT_FILE_MAX / 8, VTT_MARKUP_ASS, 0), VTT_OK);
	vtt_free(&v);
	assert_int_equal(vtt_read(&v, big, VTT_FILE_MAX + 1, error), VTT_TOO_LARGE);
	assert_string_equal(error, "The file is too large; 2 MB are the limit.");
	memcpy(big, "00:01 --> 00:02\n", 16);
	assert_int_equal(vtt_read(&v, big, VTT_FILE_MAX, error), VTT_TOO_LARGE);
	assert_string_equal(error, "Line 1: the file is too large; 20000 cues and 2 MB are the limit.");
	vtt_free(&v);
	free(big);
}

static void
language_is(const char *text, int ok, const char *wanted)
{
	char	tag[LANGUAGE_MAX];

	assert_int_equal(language_tag(text, tag), ok);
	assert_string_equal(tag, wanted);
}

static void
languages(void **state)
{
	(void)state;
	language_is("ger", 1, "de");
	language_is("deu", 1, "de");
	language_is("ENG", 1, "en");
	language_is("zu", 1, "zu");
	language_is("yor", 1, "yo");
	language_is("pcm", 1, "pcm");
	language_is("und", 1, "und");
	language_is("zh_hant_tw", 1, "zh-Hant-TW");
	language_is("por-br", 1, "pt-BR");
	language_is("es-419", 1, "es-419");
	language_is("en-x-Abc-DE", 1, "en-x-abc-de");
	language_is("en-abcdefgh-abcdefgh-abcdefgh-abcde", 1, "en-abcdefgh-abcdefgh-abcdefgh-abcde");
	language_is("en-abcdefgh-abcdefgh-abcdefgh-abcdef", 0, "und");
	language_is("", 0, "und");
	language_is("e", 0, "und");
	language_is("english", 0, "und");
	language_is("en-", 0, "und");
	language_is("en--us", 0, "und");
	language_is("en-x", 0, "und");
	language_is("de\xc3\xa9", 0, "und");
	language_is("en us", 0, "und");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(subrip), cmocka_unit_test(webvtt), cmocka_unit_test(markup), cmocka_unit_test(substation),
		cmocka_unit_test(encodings), cmocka_unit_test(refused), cmocka_unit_test(order), cmocka_unit_test(limits), cmocka_unit_test(languages),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
