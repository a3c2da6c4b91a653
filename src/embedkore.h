/*
 * What Kore needs to live inside a static binary: names that it can look up
 * without dlsym, its configuration without a file, its log lines in our form.
 */
#ifndef WANZAMI_EMBEDKORE_H
#define WANZAMI_EMBEDKORE_H

struct kore_symbol {
	const char	*name;
	void		*address;
};

/* Makes a function known to Kore under its own name: hooks and the handlers that kore.conf mentions. */
#define KORE_SYMBOL(fn)							\
	static const struct kore_symbol kore_symbol_##fn		\
	    __attribute__((used, section("kore_symbols"))) = { #fn, (void *)(fn) }

#endif
