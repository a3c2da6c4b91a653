#!/bin/bash
# Builds the third-party libraries, each into its own prefix in the cache, and links them under out/deps.
# The name of a prefix contains a hash of its inputs: recipe without comments, sources, compiler, the libraries that it needs.
# usage: deps.sh [musl|arm64|asan]. musl is for the product; arm64 is for the product on 64-bit ARM, cross-compiled, linked under
# out/deps-arm64; asan uses the machine's compiler and libc, for the test builds under sanitizers and valgrind, linked under
# out/deps-asan.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
target=${1:-musl}
cache=${WANZAMI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wanzami}
jobs=$(nproc)
deps=out/deps
[ $target = musl ] || deps=out/deps-$target
host=		# target triplet of a cross build
[ $target = arm64 ] && host=aarch64-linux-gnu
tools=${host:+$host-}
export AR=${tools}ar RANLIB=${tools}ranlib STRIP=${tools}strip
mkdir -p $deps "$cache/src" "$cache/log"

order="roots hlsjs uplot kore bearssl zlib jsmn hiredis jansson libjwt libpq curl x264 dav1d libwebp ffmpeg licenses"
[ $target = asan ] || order="musl $order"
# Recipes that the longest build depends on come first.
hurry="musl zlib dav1d x264 libwebp ffmpeg"

unpack() {	# unpack FILE-PATTERN: extracts the archive, without its first folder, into the current folder
	tar xf "$cache"/src/$1 --strip-components=1
}

# Position-independent and hardened; -g1 gives enough debug information for backtraces.
optimize=-O2
[ $target != asan ] || optimize=-O1	# compiles in two thirds of the time
flags="$optimize -g1 -fPIE -fno-common -fstack-protector-strong -ffunction-sections -fdata-sections"

# Reads a recipe into needs, from (recipes whose sources it uses), reads (files of this repository that it uses)
# and recipe_build.
recipe_read() {
	needs="" from=$1 reads=""
	# shellcheck source=/dev/null
	. "build/recipes/$1.sh"
}

declare -A key_of prefix_of
keys=
for dep in $order; do
	recipe_read $dep
	sources=$(grep -E "^(${from//[[:space:]]/|}) " build/sources.lock) || { echo "deps: build/sources.lock has no $dep" >&2; exit 1; }
	key_of[$dep]=$({ echo "$target $flags $sources"; grep -v '^[[:space:]]*#' build/recipes/$dep.sh; cat /dev/null $reads; ${tools}gcc -dumpfullversion -dumpmachine
		for d in $needs; do [ $target = asan ] && [ $d = musl ] || echo "$d-${key_of[$d]}"; done; } |
		sha256sum | cut -c1-16)
	prefix_of[$dep]=$cache/$target/$dep-${key_of[$dep]}
	ln -sfn "${prefix_of[$dep]}" $deps/$dep
	keys+="$dep ${key_of[$dep]}
"
done

is_built() {
	[ -e "${prefix_of[$1]}/.done" ]
}

# Returns 0 if everything that a recipe needs has been built.
can_start() {
	local d
	recipe_read $1
	for d in $needs; do
		[ $target = asan ] && [ $d = musl ] || is_built $d || return 1
	done
}

# Runs the recipe in an empty folder, with its output in the log. Do not call it in a condition: bash would ignore set -e.
build_one() {
	local dep=$1 prefix=${prefix_of[$1]} work=$cache/work/$1 start=$SECONDS log=$cache/log/$target-$1.log
	# shellcheck disable=SC2034 # recipes read it
	dep_dir=$root/$deps
	recipe_read $dep
	export CC=${tools}gcc CFLAGS="$flags -ffile-prefix-map=$work=. -ffile-prefix-map=$cache=/cache" LDFLAGS=
	[ $target = asan ] || [ $dep = musl ] || { CC="$root/$deps/musl/bin/musl-gcc"; LDFLAGS="-static"; }
	export PATH=$root/build/nasm:$PATH
	rm -rf "$prefix" "$work"
	mkdir -p "$prefix" "$work"
	(set -ex; cd "$work"; recipe_build; touch "$prefix/.done") >"$log" 2>&1 </dev/null
	rm -rf "$work"
	echo "  $dep: $((SECONDS - start)) s"
}

# Starts each recipe in the background once the libraries that it needs are built; runs one recipe per processor at a time.
build_all() {
	local left=$* dep pid started
	declare -A running=()
	while [ -n "${left// }" ] || [ ${#running[@]} -gt 0 ]; do
		started=
		for dep in $left; do
			[ ${#running[@]} -lt "$jobs" ] && can_start $dep || continue
			build_one $dep &
			running[$!]=$dep
			left=$(printf '%s ' $left | sed "s/\(^\| \)$dep /\1/")
			started=1
			break
		done
		[ -z "$started" ] || continue
		wait -n -p pid || true
		dep=${running[$pid]}
		unset "running[$pid]"
		is_built $dep && continue
		[ ${#running[@]} -eq 0 ] || kill "${!running[@]}" 2>/dev/null || true
		echo "deps: $dep failed:" >&2
		tail -n 30 "$cache/log/$target-$dep.log" >&2
		echo "the whole log: $cache/log/$target-$dep.log" >&2
		exit 1
	done
}

missing() {
	local dep
	for dep in $hurry $(printf '%s\n' $order | grep -vxF "$(printf '%s\n' $hurry)"); do
		[ -z "${prefix_of[$dep]:-}" ] || is_built $dep || echo $dep
	done
}

if [ -n "$(missing)" ]; then
	# The work folders have fixed paths, so that builds are reproducible; therefore only one tree can build at a time.
	exec 9>"$cache/lock"
	flock -n 9 || { echo "waiting for another build that uses $cache"; flock 9; }
	wanted=$(missing)
	start=$SECONDS
	echo "building $(echo $wanted | wc -w) libraries for $target (all of them take about nine minutes on two processors)"
	for dep in $wanted; do
		recipe_read $dep
		build/fetch.sh "$cache/src" $from
	done
	build_all $wanted
	[ -z "$wanted" ] || echo "libraries: $((SECONDS - start)) s"
fi

# out/deps/keys changes if a library has changed; the application is then linked again.
[ "$keys" = "$(cat $deps/keys 2>/dev/null)
" ] || printf '%s' "$keys" >$deps/keys
