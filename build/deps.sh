#!/bin/bash
# Builds the third-party libraries, each into a prefix of its own in the cache, and links them under out/deps.
# A prefix is named by a hash of all that made it (recipe, sources, compiler, the libraries below it).
set -eu
cd "$(dirname "$0")/.."
root=$PWD
cache=${WANZAMI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wanzami}
jobs=$(nproc)
mkdir -p out/deps "$cache/src" "$cache/log"

# One build at a time in one cache; another clone's waits here.
exec 9>"$cache/lock"
flock 9

order="musl kore bearssl zlib jsmn hiredis jansson libjwt libpq x264 dav1d ffmpeg"

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

n=0
total=$(echo $order | wc -w)
for dep in $order; do
	n=$((n + 1))
	needs=
	. build/recipes/$dep.sh
	key=$({ cat build/recipes/$dep.sh; grep "^$dep " build/sources.lock; gcc -dumpfullversion -dumpmachine
		for d in $needs; do readlink out/deps/$d; done; } | sha256sum | cut -c1-16)
	prefix=$cache/$dep-$key
	log=$cache/log/$dep.log
	if [ ! -e "$prefix/.done" ]; then
		build/fetch.sh "$cache/src" $dep
		printf '[%2d/%d] %-8s building' $n $total $dep
		start=$SECONDS
		export CC="$root/out/deps/musl/bin/musl-gcc" CFLAGS="-O2 -g0 -fno-pie -ffile-prefix-map=$cache/work=." LDFLAGS="-static -no-pie"
		[ $dep = musl ] && unset CC LDFLAGS
		set +e
		build_one
		set -e
		if [ ! -e "$prefix/.done" ]; then
			echo " failed"
			tail -n 30 "$log"
			echo "the whole log: $log" >&2
			exit 1
		fi
		echo ", $((SECONDS - start)) s"
	fi
	ln -sfn "$prefix" out/deps/$dep
	keys="${keys:-}$dep $key
"
done

# The application is linked again when any of them changed.
[ "$keys" = "$(cat out/deps/keys 2>/dev/null)
" ] || printf '%s' "$keys" >out/deps/keys
