/*
 * Comparison of ETags in lists (http/condition.h).
 */
#include <string.h>

#include "http/condition.h"

/*
 * Returns the length of the ETag at p: up to the quote that ends it, since it
 * may hold a comma, or up to the next comma or blank if it has no quotes.
 */
static size_t
tag_length(const char *p)
{
	const char	*end;

	if (*p == '"' && (end = strchr(p + 1, '"')) != NULL)
		return ((size_t)(end + 1 - p));

	return (strcspn(p, ", \t"));
}

static int
tag_same(const char *p, size_t len, const char *etag)
{
	size_t	n = strlen(etag);

	if (len == n && !memcmp(p, etag, n))
		return (1);

	return (n > 2 && len == n - 2 && !memcmp(p, etag + 1, n - 2));
}

int
condition_matches(const char *list, const char *etag, int comparison)
{
	size_t	len;
	int	weak;

	if (etag == NULL)
		return (0);
	list += strspn(list, " \t");
	if (*list == '*' && list[1 + strspn(list + 1, " \t")] == '\0')
		return (1);
	while (*(list += strspn(list, ", \t")) != '\0') {
		if ((weak = !strncmp(list, "W/", 2)))
			list += 2;
		len = tag_length(list);
		if ((!weak || comparison == CONDITION_WEAK) && tag_same(list, len, etag))
			return (1);
		list += len;
	}

	return (0);
}
