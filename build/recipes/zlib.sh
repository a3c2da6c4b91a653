needs="musl"
recipe_build() {
	unpack 'zlib_*.orig.tar.gz'
	./configure --static --prefix="$prefix"
	make -j$jobs libz.a
	make install
}
