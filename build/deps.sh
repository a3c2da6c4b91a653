#!/bin/bash
# Builds the third-party libraries, each into a prefix of its own in the cache, and links them under out/deps.
# A prefix is named by a hash of all that made it (recipe, sources, compiler, the libraries below it).
# usage: deps.sh [musl|arm64|asan]. musl is the product; arm64 is the product for 64-bit ARM, built on another machine; asan is the
# same recipes with the machine's own compiler and libc, for the test builds under sanitizers and valgrind. Those two are linked
# under out/deps-arm64 and out/deps-asan.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
target=${1:-musl}
cache=${WANZAMI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wanzami}
jobs=$(nproc)
deps=out/deps
[ $target = musl ] || deps=out/deps-$target
host=		# what it is built for, in the words of the tools, when that is not this machine
[ $target = arm64 ] && host=aarch64-linux-gnu
tools=${host:+$host-}
export AR=${tools}ar RANLIB=${tools}ranlib STRIP=${tools}strip
mkdir -p $deps "$cache/src" "$cache/log"

# The work folder has one fixed name, so that its path is the same in every build: one build at a time. A tree whose libraries
# are all in the cache waits for nobody.
exec 9>"$cache/lock"
build_alone() {
	flock -n 9 || { echo "waiting for another build that uses $cache"; flock 9; }
}

order="roots kore bearssl zlib jsmn hiredis jansson libjwt libpq curl x264 dav1d libwebp ffmpeg licenses"
[ $target = asan ] || order="musl $order"

unpack() {	# unpack FILE-PATTERN: the archive's content, without its first folder, into the current folder
	tar xf "$cache"/src/$1 --strip-components=1
}

# The recipe's steps in a fresh folder, all they say into the log. Never call it in a condition: bash would drop its -e.
build_one() {
	local work=$cache/work
	rm -rf "$prefix" "$work"
	mkdir -p "$prefix" "$work"
	(set -ex; cd "$work"; recipe_build; touch "$prefix/.done") >"$log" 2>&1 </dev/null
}

# Position independent and hardened; debug lines only as far as a backtrace needs them.
flags="-O2 -g1 -fPIE -fno-common -fstack-protector-strong -ffunction-sections -fdata-sections"

n=0
total=$(echo $order | wc -w)
for dep in $order; do
	n=$((n + 1))
	needs=
	from=$dep	# the recipes whose sources it is made of
	reads=		# files of ours that it is made of, too
	seconds=10
	. build/recipes/$dep.sh
	sources=$(grep -E "^(${from//[[:space:]]/|}) " build/sources.lock) || { echo "deps: build/sources.lock has no $dep" >&2; exit 1; }
	key=$({ echo "$target $flags $sources"; cat build/recipes/$dep.sh $reads; ${tools}gcc -dumpfullversion -dumpmachine
		for d in $needs; do [ $target = asan ] && [ $d = musl ] || readlink $deps/$d | sed 's,.*/,,'; done; } |
		sha256sum | cut -c1-16)
	prefix=$cache/$target/$dep-$key
	log=$cache/log/$target-$dep.log
	[ -e "$prefix/.done" ] || build_alone
	if [ ! -e "$prefix/.done" ]; then
		build/fetch.sh "$cache/src" $from
		printf '[%2d/%d] %-8s building (about %s s on two cores)' $n $total $dep "$seconds"
		start=$SECONDS
		export CC=${tools}gcc CFLAGS="$flags -ffile-prefix-map=$cache/work=. -ffile-prefix-map=$cache=/cache" LDFLAGS=
		[ $target = asan ] || [ $dep = musl ] || { CC="$root/$deps/musl/bin/musl-gcc"; LDFLAGS="-static"; }
		dep_dir=$root/$deps
		ticker=
		if [ -t 1 ]; then
			while sleep 1; do
				printf '\r[%2d/%d] %-8s building, %d s of about %s ' $n $total $dep $((SECONDS - start)) "$seconds"
			done &
			ticker=$!
		fi
		set +e
		build_one
		set -e
		[ -z "$ticker" ] || { kill $ticker; wait $ticker 2>/dev/null || true; }
		if [ ! -e "$prefix/.done" ]; then
			echo " failed"
			tail -n 30 "$log"
			echo "the whole log: $log" >&2
			exit 1
		fi
		echo ", $((SECONDS - start)) s"
	fi
	ln -sfn "$prefix" $deps/$dep
	keys="${keys:-}$dep $key
"
done

# The application is linked again when any of them changed.
[ "$keys" = "$(cat $deps/keys 2>/dev/null)
" ] || printf '%s' "$keys" >$deps/keys
