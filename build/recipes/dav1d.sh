# AV1 decoder.
needs="musl"
reads=build/nasm/nasm
recipe_build() {
	unpack 'dav1d_*.orig.tar.xz'
	local cpu=${host%%-*} file=native
	printf "[binaries]\nc = '%s'\nar = '%s'\nstrip = '%s'\n" "$CC" "$AR" "$STRIP" >machine
	if [ -n "$host" ]; then
		file=cross
		printf "[host_machine]\nsystem = 'linux'\ncpu_family = '%s'\ncpu = '%s'\nendian = 'little'\n" "$cpu" "$cpu" >>machine
	fi
	# nasm uses nine tenths of the time of this build. Test builds decode little, and sanitizers and valgrind see more in C.
	meson setup out --$file-file machine --prefix "$prefix" --libdir lib --buildtype release --default-library static \
		-Denable_tools=false -Denable_tests=false -Denable_asm=$([ $target = asan ] && echo false || echo true) -Db_pie=false -Db_staticpic=true
	ninja -C out -j$jobs install
}
