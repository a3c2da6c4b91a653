/*
 * The functions that Kore finds by name. Kore looks handlers and hooks up with
 * dlsym(), which a static binary does not have.
 */
#ifndef WANZAMI_SYMBOLS_H
#define WANZAMI_SYMBOLS_H

struct kore_symbol {
	const char	*name;
	void		*address;
};

/* Makes a function known to Kore under its own name: hooks, and the handlers that kore.conf mentions. */
#define KORE_SYMBOL(fn)							\
	static const struct kore_symbol kore_symbol_##fn		\
	    __attribute__((used, section("kore_symbols"))) = { #fn, (void *)(fn) }

#endif
