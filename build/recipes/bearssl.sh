needs="musl"
recipe_build() {
	unpack 'bearssl_*.orig.tar.xz'
	make -j$jobs lib CC="$CC" LD="$CC" AR="$AR" CFLAGS="$CFLAGS -W -Wall"
	mkdir -p "$prefix/lib" "$prefix/include"
	cp build/libbearssl.a "$prefix/lib/"
	cp inc/*.h "$prefix/include/"
}
