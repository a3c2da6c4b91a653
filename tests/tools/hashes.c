/*
 * hashes SECONDS: hashes passwords like the service for that time and prints
 * the number of hashes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "http/password.h"

int	main(int, char **);

static double
seconds(void)
{
	struct timespec	t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);

	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

int
main(int argc, char **argv)
{
	char	hash[PASSWORD_HASH_MAX];
	double	end;
	int	n;

	if (argc != 2)
		return (2);
	end = seconds() + atof(argv[1]);
	for (n = 0; seconds() < end; n++) {
		if (!password_make("Films-4-all", hash))
			return (1);
	}
	printf("%d\n", n);

	return (0);
}
