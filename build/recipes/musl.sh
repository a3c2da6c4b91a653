# musl with Debian's patches (security, and static PIE in musl-gcc), and the kernel headers beside it that programs expect
seconds=50
recipe_build() {
	unpack 'musl_*.orig.tar.gz'
	tar xf "$cache"/src/musl_*.debian.tar.xz
	for p in $(grep -v '^#' debian/patches/series); do patch -p1 <debian/patches/$p; done
	# musl's configure chooses the flags that a libc may be built with.
	unset CFLAGS LDFLAGS
	./configure --prefix="$prefix" --disable-shared CFLAGS="-g1 -ffile-prefix-map=$cache/work=."
	make -j$jobs
	make install
	for d in linux asm-generic mtd; do ln -s /usr/include/$d "$prefix/include/$d"; done
	ln -s "/usr/include/$(gcc -dumpmachine)/asm" "$prefix/include/asm"
	cp "/usr/include/$(gcc -dumpmachine)/sys/queue.h" "$prefix/include/sys/queue.h"
}
