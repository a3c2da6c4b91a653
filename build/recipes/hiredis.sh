needs="musl"
recipe_build() {
	unpack 'hiredis_*.orig.tar.gz'
	make -j$jobs static CC="$CC" OPTIMIZATION= DEBUG_FLAGS= CFLAGS="$CFLAGS"
	mkdir -p "$prefix/lib" "$prefix/include/hiredis/adapters"
	cp libhiredis.a "$prefix/lib/"
	cp *.h "$prefix/include/hiredis/"
}
