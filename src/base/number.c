/*
 * strtod(3) and strtoll(3), without what they accept and clients may not send.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

/* Skips white space of JavaScript: that of ASCII, the no-break space and the byte order mark. */
static const char *
blanks_skip(const char *p)
{
	for (;;) {
		if (isspace((unsigned char)*p))
			p++;
		else if (!strncmp(p, "\xc2\xa0", 2))
			p += 2;
		else if (!strncmp(p, "\xef\xbb\xbf", 3))
			p += 3;
		else
			return (p);
	}
}

double
number_of_text(const char *text)
{
	const char	*p = blanks_skip(text), *digits = p + (*p == '+' || *p == '-');
	char		*end;
	double		value;

	if (*p == '\0')
		return (0);
	value = strtod(p, &end);
	if (end == p || *blanks_skip(end) != '\0')
		return (NAN);
	/* strtod() accepts names such as "nan" and "inf"; JavaScript accepts "Infinity" only. */
	if (isalpha((unsigned char)*digits) && strncmp(digits, "Infinity", strlen("Infinity")) != 0)
		return (NAN);
	/* strtod() accepts "-0x10" and "0x1p4"; JavaScript accepts hexadecimal integers without a sign only. */
	if ((digits[0] == '0' && (digits[1] | 0x20) == 'x') && (digits > p || strcspn(digits, ".pP") < (size_t)(end - digits)))
		return (NAN);

	return (value);
}

int
number_integer_of_text(const char *text, int64_t *out)
{
	const char	*p;
	char		*end;

	for (p = text; isspace((unsigned char)*p); p++)
		;
	*out = 0;
	if (*p == '\0')
		return (1);
	errno = 0;
	*out = strtoll(p, &end, 10);
	if (end == p || errno != 0)
		return (0);
	while (isspace((unsigned char)*end))
		end++;

	return (*end == '\0');
}
