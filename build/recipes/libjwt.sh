# Only jwt.c. src/tls/jwt_crypto.c implements signing, verification (jwt_sign_*, jwt_verify_*) and base64 on BearSSL: libjwt's own
# need OpenSSL or GnuTLS, and Debian's tarball has no base64.c.
needs="musl jansson"
recipe_build() {
	unpack 'libjwt_*.orig.tar.xz'
	mkdir -p "$prefix/lib" "$prefix/include" ours
	# jwt.c needs these declarations; src/tls/jwt_crypto.c has the functions.
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
