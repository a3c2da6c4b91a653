/*
 * The callback of the mail sender.
 */
#include <stddef.h>

#include "store/outbox.h"

static void	(*deliver)(void) = NULL;

void
outbox_wake(void)
{
	if (deliver != NULL)
		deliver();
}

void
outbox_on_wake(void (*fn)(void))
{
	deliver = fn;
}
