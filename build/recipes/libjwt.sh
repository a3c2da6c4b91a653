# The token part only. Signing, checking (jwt_sign_*, jwt_verify_*) and base64 are ours, on BearSSL: Debian's tarball has
# no base64.c, and the other two need OpenSSL or GnuTLS.
needs="musl jansson"
recipe_build() {
	unpack 'libjwt_*.orig.tar.xz'
	mkdir -p "$prefix/lib" "$prefix/include" ours
	# What jwt.c wants to be told of base64; src/tls holds the functions.
	cat >ours/base64.h <<-'END'
	#ifndef BASE64_H
	#define BASE64_H
	int jwt_Base64encode(char *coded, const char *plain, int plain_len);
	int jwt_Base64decode(unsigned char *plain, const char *coded);
	#endif
	END
	echo '/* jwt.c needs nothing from it. */' >ours/config.h
	$CC $CFLAGS -std=gnu11 -Iours -Iinclude -Ilibjwt -isystem "$dep_dir/jansson/include" -c libjwt/jwt.c -o jwt.o
	$AR rcsD "$prefix/lib/libjwt.a" jwt.o
	cp include/jwt.h libjwt/jwt-private.h ours/base64.h "$prefix/include/"
}
