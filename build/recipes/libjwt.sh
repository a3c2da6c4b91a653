# Only the token part: signing and checking are ours, on BearSSL.
needs="musl jansson"
recipe_build() {
	unpack 'libjwt_*.orig.tar.xz'
	mkdir -p "$prefix/lib" "$prefix/include"
	cp include/jwt.h libjwt/jwt-private.h "$prefix/include/"
	cp libjwt/jwt.c libjwt/base64.h "$prefix/" 2>/dev/null || cp libjwt/jwt.c "$prefix/"
}
