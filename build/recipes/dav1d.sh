# AV1.
needs="musl"
seconds=190
recipe_build() {
	unpack 'dav1d_*.orig.tar.xz'
	printf "[binaries]\nc = '%s'\nar = 'ar'\nstrip = 'strip'\n" "$CC" >native
	meson setup out --native-file native --prefix "$prefix" --libdir lib --buildtype release --default-library static \
		-Denable_tools=false -Denable_tests=false -Db_pie=false -Db_staticpic=true
	ninja -C out -j$jobs install
}
