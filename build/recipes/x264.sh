# H.264 encoder.
needs="musl"
reads=build/nasm/nasm
recipe_build() {
	unpack 'x264_*.orig.tar.gz'
	./configure ${host:+--host=$host} --prefix="$prefix" --enable-static --enable-pic --disable-cli --disable-opencl \
		--bit-depth=8 --chroma-format=420 --extra-cflags="$CFLAGS"
	make -j$jobs
	make install
}
