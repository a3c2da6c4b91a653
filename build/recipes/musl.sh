# musl with Debian's patches (security, and static PIE in musl-gcc), and the kernel headers that programs expect.
recipe_build() {
	unpack 'musl_*.orig.tar.gz'
	tar xf "$cache"/src/musl_*.debian.tar.xz
	for p in $(grep -v '^#' debian/patches/series); do patch -p1 <debian/patches/$p; done
	# musl's configure must choose the compiler flags itself.
	unset CFLAGS LDFLAGS
	# By itself it makes musl-gcc only if the compiler finds the headers of glibc, which a cross compiler need not have.
	./configure --prefix="$prefix" --disable-shared --enable-wrapper=gcc CFLAGS="-g1 -ffile-prefix-map=$cache/work=."
	make -j$jobs
	make install
	local ours=/usr/include/$(gcc -dumpmachine) kernel=/usr/${host:+$host/}include d
	for d in linux asm-generic mtd; do ln -s "$kernel/$d" "$prefix/include/$d"; done
	[ -n "$host" ] || kernel=$ours
	ln -s "$kernel/asm" "$prefix/include/asm"
	cp "$ours/sys/queue.h" "$prefix/include/sys/queue.h"
}
