# HTTPS and SMTP client with BearSSL. 8.14 is the last series of curl that supports BearSSL.
needs="musl bearssl zlib"
recipe_build() {
	unpack 'curl_*.orig.tar.gz'
	./configure ${host:+--host=$host} --prefix="$prefix" --disable-shared --enable-static --with-bearssl="$dep_dir/bearssl" \
		--with-zlib="$dep_dir/zlib" --without-ca-bundle --without-ca-path --without-libpsl --without-libidn2 \
		--without-nghttp2 --without-brotli --without-zstd --without-libssh2 --without-librtmp \
		--enable-http --enable-smtp --enable-aws --enable-threaded-resolver --enable-ipv6 --enable-mime \
		--disable-ftp --disable-file --disable-ldap --disable-ldaps --disable-rtsp --disable-dict --disable-telnet \
		--disable-tftp --disable-pop3 --disable-imap --disable-smb --disable-gopher --disable-mqtt --disable-ipfs \
		--disable-websockets --disable-proxy --disable-manual --disable-docs --disable-ntlm --disable-tls-srp \
		--disable-unix-sockets --disable-cookies --disable-alt-svc --disable-hsts --disable-netrc \
		--disable-negotiate-auth --disable-kerberos-auth --disable-libcurl-option
	make -j$jobs -C lib install
	make -C include install
}
