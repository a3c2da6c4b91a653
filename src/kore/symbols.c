/*
 * Kore's module interface over a table that the linker collects.
 */
#include <string.h>

#include <kore/kore.h>

#include "kore/symbols.h"

extern struct kore_module_functions	kore_native_module;
extern const struct kore_symbol		__start_kore_symbols[], __stop_kore_symbols[];

static void
symbols_load(struct kore_module *module)
{
	(void)module;
}

static void
symbols_free(struct kore_module *module)
{
	kore_free(module);
}

static void *
symbols_get(struct kore_module *module, const char *name)
{
	const struct kore_symbol	*s;

	(void)module;
	for (s = __start_kore_symbols; s < __stop_kore_symbols; s++) {
		if (!strcmp(s->name, name))
			return (s->address);
	}

	return (NULL);
}

__attribute__((constructor))
static void
symbols_install(void)
{
	kore_native_module.load = symbols_load;
	kore_native_module.reload = symbols_load;
	kore_native_module.free = symbols_free;
	kore_native_module.getsym = symbols_get;
}
