#!/bin/bash
# Builds the third-party libraries (unless they are in the cache), then the application.
# usage: build.sh [arm64|asan|memcheck]. arm64 cross-compiles out/wanzami-arm64 for 64-bit ARM; asan and memcheck build
# out/wanzami-asan and out/wanzami-memcheck for tests under sanitizers and valgrind.
set -eu
cd "$(dirname "$0")/.."
target=${1:-musl}
more=		# further argument of setup
case $target in
musl)		product=out/wanzami deps=musl ;;
arm64)		product=out/wanzami-arm64 deps=arm64 more=arm64 ;;
asan|memcheck)	product=out/wanzami-$target deps=asan ;;
*)		echo "build: unknown target $target; use musl, arm64, asan or memcheck" >&2; exit 2 ;;
esac
missing=$(for p in $(cat build/packages.build ${more:+build/packages.$more}); do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q "ok installed" || echo "$p"
done)
[ -z "$missing" ] || { echo "build: run ./build.sh setup${more:+ $more} first; missing:" $missing >&2; exit 1; }
build/deps.sh $deps
mkdir -p out/bin
ln -sfn ../../build/kodev.sh out/bin/kodev
# Tests build while a test runs the application from here.
flock out/make-$target.lock make --no-print-directory -f build/Makefile -j"$(nproc)" TARGET=$target
kind="NOT static"
readelf -lW "$product" | grep -q INTERP || kind=static
echo "$product: $(stat -c %s "$product") bytes, $kind"
