/*
 * What the unit tests share: cmocka, and who we are not.
 */
#ifndef WANZAMI_TESTS_UNIT_H
#define WANZAMI_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <kore/kore.h>


int	main(void);

/* The modules under test want to know; they are in no process that serves. */
#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

#endif
