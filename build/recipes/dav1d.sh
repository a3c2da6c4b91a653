needs="musl"
recipe_build() {
	unpack 'dav1d_*.orig.tar.xz'
	printf "[binaries]\nc = '%s'\nar = 'ar'\nstrip = 'strip'\n" "$CC" >native
	meson setup out --native-file native --prefix "$prefix" --libdir lib --buildtype release --default-library static \
		-Denable_tools=false -Denable_tests=false -Db_pie=false
	ninja -C out -j$jobs install
}
