needs="musl"
recipe_build() {
	unpack 'hiredis_*.orig.tar.gz'
	make -j$jobs static CC="$CC" OPTIMIZATION=-O2 DEBUG_FLAGS=-g0
	mkdir -p "$prefix/lib" "$prefix/include/hiredis/adapters"
	cp libhiredis.a "$prefix/lib/"
	cp *.h "$prefix/include/hiredis/"
}
