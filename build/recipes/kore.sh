# Kore as objects for a single binary, with tasks; a violation of the sandbox kills the process, not the thread. The TLS backend
# bearssl is src/tls/tls_bearssl.c of the application; an empty file replaces it among Kore's sources.
needs="musl"
kore_objects() {	# kore_objects ARCHIVE FLAGS
	TARGET_PLATFORM=${host%%-*} PATH=$PWD/bin:$PATH CFLAGS="$CFLAGS $2 -DSECCOMP_KILL_POLICY=SECCOMP_RET_KILL_PROCESS" \
		make -j$jobs TASKS=1 TLS_BACKEND=bearssl KORE_SINGLE_BINARY=1 KORE_TMPDIR=memfd: objects
	$AR rcsD "$prefix/lib/$1.a" obj/*.o
}
recipe_build() {
	unpack 'kore_*.orig.tar.gz'
	mkdir bin
	echo '#include "kore.h"' >src/tls_bearssl.c
	# Kore compiles the date of the build in; a fixed date makes builds reproducible.
	printf '#!/bin/sh\necho 2024-01-01\n' >bin/date
	chmod +x bin/date
	unset LDFLAGS
	mkdir -p "$prefix/lib" "$prefix/include"
	if [ $target = asan ]; then
		kore_objects libkore-plain ""	# for valgrind
		make clean
		kore_objects libkore "-fsanitize=address,undefined -fno-omit-frame-pointer"
	else
		kore_objects libkore ""
	fi
	cp -r include/kore "$prefix/include/"
	cp obj/features "$prefix/"
	# kodev compiles Kore together with the application: keep the sources, and build the tool for this machine.
	make clean
	mkdir -p "$prefix/src" "$prefix/bin"
	cp -r Makefile RELEASE src include misc conf "$prefix/src/"
	env -u CFLAGS CC=gcc make -C kodev MINIMAL=1
	cp kodev/kodev "$prefix/bin/"
}
