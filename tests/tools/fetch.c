/*
 * The HTTPS client as a program for tests: fetch URL… requests each URL in
 * turn, in one thread, and prints a line for each: status and length of the
 * body, or "error: " and the reason. For - in place of a URL it waits for a
 * line on standard input.
 */
#include <stdio.h>
#include <string.h>

#include "base/conf.h"
#include "net/fetch.h"
#include "tls/roots.h"

int	main(int, char **);

static void
ask(const char *url)
{
	static char	into[FETCH_RESPONSE_MAX];	/* like the buffer for reading films */
	struct fetch	f = { .method = "GET", .url = url, .seconds = 60, .into = into, .into_size = sizeof(into) };

	if (fetch_perform(&f))
		printf("%d %zu\n", f.status, f.into_len + f.response_len);
	else
		printf("error: %s\n", f.error);
	fflush(stdout);
	fetch_free(&f);
}

int
main(int argc, char **argv)
{
	const char	*wrong;
	char		line[10];
	int		i;

	if ((wrong = conf_load()) != NULL || (wrong = roots_load()) != NULL) {
		printf("error: %s\n", wrong);
		return (1);
	}
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-"))
			(void)fgets(line, sizeof(line), stdin);
		else
			ask(argv[i]);
	}

	return (0);
}
