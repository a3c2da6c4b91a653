# Kore as objects for a single binary: tasks on, the sandbox kills the process, not a thread. Of its TLS backends it takes the
# one named bearssl, which is the application's own (src/tls/tls_bearssl.c): its place among Kore's sources holds nothing.
needs="musl"
seconds=8
kore_objects() {	# kore_objects ARCHIVE FLAGS
	TARGET_PLATFORM=${host%%-*} PATH=$PWD/bin:$PATH CFLAGS="$CFLAGS $2 -DSECCOMP_KILL_POLICY=SECCOMP_RET_KILL_PROCESS" \
		make -j$jobs TASKS=1 TLS_BACKEND=bearssl KORE_SINGLE_BINARY=1 KORE_TMPDIR=memfd: objects
	$AR rcsD "$prefix/lib/$1.a" obj/*.o
}
recipe_build() {
	unpack 'kore_*.orig.tar.gz'
	mkdir bin
	echo '#include "kore.h"' >src/tls_bearssl.c
	# Kore stamps the day of the build into itself; a fixed one keeps builds equal.
	printf '#!/bin/sh\necho 2024-01-01\n' >bin/date
	chmod +x bin/date
	unset LDFLAGS
	mkdir -p "$prefix/lib" "$prefix/include"
	if [ $target = asan ]; then
		kore_objects libkore-plain ""	# for runs under valgrind
		make clean
		kore_objects libkore "-fsanitize=address,undefined -fno-omit-frame-pointer"
	else
		kore_objects libkore ""
	fi
	cp -r include/kore "$prefix/include/"
	cp obj/features "$prefix/"
	# For kodev, which compiles Kore into the application itself: the sources, and the tool built for this machine.
	make clean
	mkdir -p "$prefix/src" "$prefix/bin"
	cp -r Makefile RELEASE src include misc conf "$prefix/src/"
	env -u CFLAGS CC=gcc make -C kodev MINIMAL=1
	cp kodev/kodev "$prefix/bin/"
}
