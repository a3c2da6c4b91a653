# musl with Debian's security patches, and the kernel headers beside it that programs expect.
recipe_build() {
	unpack 'musl_*.orig.tar.gz'
	tar xf "$cache"/src/musl_*.debian.tar.xz
	for p in $(grep -v '^#' debian/patches/series); do patch -p1 <debian/patches/$p; done
	./configure --prefix="$prefix" --disable-shared
	make -j$jobs
	make install
	for d in linux asm-generic mtd; do ln -s /usr/include/$d "$prefix/include/$d"; done
	ln -s "/usr/include/$(gcc -dumpmachine)/asm" "$prefix/include/asm"
	cp "/usr/include/$(gcc -dumpmachine)/sys/queue.h" "$prefix/include/sys/queue.h"
}
