/*
 * For the programs of the tests, which serve no role.
 */
#ifndef TESTS_ROLELESS_H
#define TESTS_ROLELESS_H

#include "role.h"

int
role_get(void)
{
	return (0);
}

int
role_draining(void)
{
	return (0);
}

#endif
