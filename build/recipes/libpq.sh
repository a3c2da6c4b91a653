# libpq only, without OpenSSL, but with the hooks for a TLS backend. src/tls/pg_tls.c is the backend and needs libpq's internal headers.
needs="musl"
recipe_build() {
	unpack 'postgresql-18_*.orig.tar.bz2'
	# libpq needs no time zones; without --with-system-tzdata a cross build would try to compile them.
	./configure ${host:+--host=$host} --prefix=/usr --sysconfdir=/etc --with-system-tzdata=/usr/share/zoneinfo --without-readline \
		--without-icu --without-zlib --without-openssl
	make -C src/backend generated-headers
	make -j$jobs -C src/port all
	make -j$jobs -C src/common all
	make -j$jobs -C src/interfaces/libpq libpq.a fe-secure-common.o COPT="-DUSE_SSL -DHAVE_SSL_CTX_SET_CERT_CB"
	mkdir -p "$prefix/lib" "$prefix/include/internal"
	$AR r src/interfaces/libpq/libpq.a src/interfaces/libpq/fe-secure-common.o
	cp src/interfaces/libpq/libpq.a src/common/libpgcommon_shlib.a src/port/libpgport_shlib.a "$prefix/lib/"
	cp src/interfaces/libpq/libpq-fe.h src/interfaces/libpq/libpq-events.h src/include/postgres_ext.h "$prefix/include/"
	cp -RL src/include/* src/interfaces/libpq/*.h "$prefix/include/internal/"
}
