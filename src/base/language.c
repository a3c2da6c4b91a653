/*
 * Language tags (BCP 47).
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/language.h"

#define SUBTAG_MAX	8

/* Three letters of ISO 639-2 (terminology and bibliographic codes), then two of ISO 639-1, and a space; in alphabetical order. */
static const char	codes[] =
	"aaraa abkab afraf akaak albsq amham araar argan armhy asmas avaav aveae aymay azeaz bakba bambm baqeu belbe benbn bihbh "
	"bisbi bodbo bosbs brebr bulbg burmy catca cescs chach chece chizh chucu chvcv corkw cosco crecr cymcy czecs danda deude "
	"divdv dutnl dzodz ellel engen epoeo estet euseu eweee faofo fasfa fijfj finfi frafr frefr fryfy fulff geoka gerde glagd "
	"glega glggl glvgv greel grngn gujgu hatht hauha hebhe herhz hinhi hmoho hrvhr hunhu hyehy iboig iceis idoio iiiii ikuiu "
	"ileie inaia indid ipkik islis itait javjv jpnja kalkl kankn kasks katka kaukr kazkk khmkm kikki kinrw kirky komkv konkg "
	"korko kuakj kurku laolo latla lavlv limli linln litlt ltzlb lublu luglg macmk mahmh malml maomi marmr mayms mkdmk mlgmg "
	"mltmt monmn mrimi msams myamy nauna navnv nblnr ndend ndong nepne nldnl nnonn nobnb norno nyany ocioc ojioj orior ormom "
	"ossos panpa perfa plipi polpl porpt pusps quequ rohrm ronro rumro runrn rusru sagsg sansa sinsi slksk slosk slvsl smese "
	"smosm snasn sndsd somso sotst spaes sqisq srdsc srpsr sswss sunsu swasw swesv tahty tamta tattt telte tgktg tgltl thath "
	"tibbo tirti tonto tsntn tsots tuktk turtr twitw uigug ukruk urdur uzbuz venve vievi volvo welcy wlnwa wolwo xhoxh yidyi "
	"yoryo zhaza zhozh zulzu ";

#define CODE_BYTES	6

/* Replaces a code of three letters by that of two letters, if there is one. */
static void
code_shorten(char *tag)
{
	size_t	i;

	for (i = 0; codes[i] != '\0'; i += CODE_BYTES) {
		if (!strncmp(codes + i, tag, 3)) {
			tag[0] = codes[i + 3];
			tag[1] = codes[i + 4];
			memmove(tag + 2, tag + 3, strlen(tag + 3) + 1);
			return;
		}
	}
}

/* Writes a subtag in its usual case: scripts like "Hant", regions like "TW", all others in lower case. `first`: it is the language. */
static void
subtag_write(char *out, const char *text, size_t len, int first)
{
	size_t	i;
	int	upper;

	for (i = 0; i < len; i++) {
		upper = !first && isalpha((unsigned char)text[0]) && (len == 2 || (len == 4 && i == 0));
		out[i] = (char)(upper ? toupper((unsigned char)text[i]) : tolower((unsigned char)text[i]));
	}
	out[len] = '\0';
}

static int
subtag_ok(const char *text, size_t len, int first)
{
	size_t	i;

	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) || (first && !isalpha((unsigned char)text[i])))
			return (0);
	}

	return (first ? len == 2 || len == 3 : len >= 1 && len <= SUBTAG_MAX);
}

int
language_tag(const char *text, char out[LANGUAGE_MAX])
{
	size_t	len, at = 0, total = strlen(text);
	int	first = 1, single = 0;

	if (total >= LANGUAGE_MAX)
		total = 0;
	for (; at < total || first; at += len + 1) {
		len = total > 0 ? strcspn(text + at, "-_") : 0;
		/* A tag does not end with a separator or with a subtag of one character. */
		if (!subtag_ok(text + at, len, first) || (len == 1 && at + 1 >= total) || at + len + 1 == total) {
			snprintf(out, LANGUAGE_MAX, "und");
			return (0);
		}
		/* Subtags behind one of a single character are an extension: lower case. */
		subtag_write(out + at, text + at, len, first || single);
		single = single || len == 1;
		if (at + len < total)
			out[at + len] = '-';
		first = 0;
	}
	if (strcspn(out, "-") == 3)
		code_shorten(out);

	return (1);
}
