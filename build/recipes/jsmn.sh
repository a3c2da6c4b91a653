needs="musl"
recipe_build() {
	unpack 'jsmn_*.orig.tar.gz'
	mkdir -p "$prefix/include"
	cp jsmn.h "$prefix/include/"
}
