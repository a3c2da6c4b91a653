# Kore as objects for a single binary: tasks on, TLS backend none, the sandbox kills the process, not a thread.
needs="musl"
recipe_build() {
	unpack 'kore_*.orig.tar.gz'
	mkdir bin
	# Kore stamps the day of the build into itself; a fixed one keeps builds equal.
	printf '#!/bin/sh\necho 2024-01-01\n' >bin/date
	chmod +x bin/date
	unset LDFLAGS
	PATH=$PWD/bin:$PATH CFLAGS="$CFLAGS -DSECCOMP_KILL_POLICY=SECCOMP_RET_KILL_PROCESS" \
		make -j$jobs TASKS=1 TLS_BACKEND=none KORE_SINGLE_BINARY=1 KORE_TMPDIR=memfd: objects
	mkdir -p "$prefix/lib" "$prefix/include"
	ar rcsD "$prefix/lib/libkore.a" obj/*.o
	cp -r include/kore "$prefix/include/"
	cat obj/features 2>/dev/null | tee "$prefix/features" || true
}
