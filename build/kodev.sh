#!/bin/bash
# Runs Kore's development tool at the top of this tree: out/bin/kodev build, or out/bin/kodev run [OPTION ...], which builds with
# debug symbols and serves in the foreground. Start it again after a change.
#
# kodev names the program after its folder and each object after the base name of its source, and it cannot embed a folder of
# files. So it runs in out/kodev/wanzami, where each source is a symbolic link with a unique name, and it links the embedded files
# as one object.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
root=$PWD
verb=${1:-}
[ $# -gt 0 ] && shift
stage=out/kodev/wanzami

if [ ! -x out/deps/kore/bin/kodev ]; then
	echo "kodev: the libraries are missing; run ./build.sh build first" >&2
	exit 1
fi

case $verb in
build|run)
	make --no-print-directory -s -f build/Makefile out/obj/musl/embed.o out/gen/versions.h
	rm -rf $stage/src
	mkdir -p $stage/src $stage/conf
	[ ! -L $stage/conf/build.conf ] || rm $stage/conf/build.conf
	find src -name '*.c' | while read -r f; do
		ln -s "$root/$f" "$stage/src/app-$(echo "${f#src/}" | tr / -)"
	done
	ln -sfn "$root/src" $stage/headers
	ln -sfn "$root/out" $stage/out
	sed "s/@WRAPS@/$(awk '!/^#/ { printf "%s-Wl,--wrap=%s", sep, $1; sep = "," }' build/wraps | sed 's/,-Wl,/,/g')/" conf/build.conf >$stage/conf/build.conf.new
	cmp -s $stage/conf/build.conf.new $stage/conf/build.conf || cp $stage/conf/build.conf.new $stage/conf/build.conf
	ln -sfn "$root/kore.conf" $stage/conf/wanzami.conf
	# kodev compares the time of a source only, not of headers, options and libraries; so build everything if one of them changed.
	if [ -n "$(find src out/gen conf/build.conf build/wraps out/deps/keys ! -name '*.c' -type f -newer $stage/.built 2>/dev/null)" ] ||
	    [ ! -e $stage/.built ]; then
		rm -rf $stage/.objs $stage/.flavor
	fi
	(cd $stage && CC="$root/out/deps/musl/bin/musl-gcc" CFLAGS="-g -DSECCOMP_KILL_POLICY=SECCOMP_RET_KILL_PROCESS" \
		"$root/out/deps/kore/bin/kodev" build)
	touch $stage/.built
	[ "$verb" = build ] || exec $stage/wanzami -f "$@"
	;;
clean)
	rm -rf out/kodev
	;;
*)
	echo "usage: kodev build | run [OPTION ...] | clean" >&2
	exit 2
	;;
esac
