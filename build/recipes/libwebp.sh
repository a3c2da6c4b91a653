# WebP for posters and storyboards.
needs="musl"
recipe_build() {
	unpack 'libwebp_*.orig.tar.gz'
	./configure ${host:+--host=$host} --prefix="$prefix" --disable-shared --enable-static --disable-libwebpmux --disable-libwebpdemux \
		--disable-png --disable-jpeg --disable-tiff --disable-gif --disable-wic --disable-gl --disable-sdl
	make -j$jobs -C sharpyuv install
	make -j$jobs -C src install
}
