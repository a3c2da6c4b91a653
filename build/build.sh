#!/bin/bash
# Third-party libraries first (from the cache when nothing changed), then the application.
# usage: build.sh [arm64|asan|memcheck]. With one of these, out/wanzami-arm64, built on another machine for 64-bit ARM, or
# out/wanzami-asan or out/wanzami-memcheck, for the tests under sanitizers or valgrind.
set -eu
cd "$(dirname "$0")/.."
target=${1:-musl}
more=		# what setup has to install besides
case $target in
musl)		product=out/wanzami deps=musl ;;
arm64)		product=out/wanzami-arm64 deps=arm64 more=arm64 ;;
asan|memcheck)	product=out/wanzami-$target deps=asan ;;
*)		echo "build: $target is no target (musl, arm64, asan, memcheck)" >&2; exit 2 ;;
esac
missing=$(for p in $(cat build/packages.build ${more:+build/packages.$more}); do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q "ok installed" || echo "$p"
done)
[ -z "$missing" ] || { echo "build: run ./build.sh setup${more:+ $more} first; missing:" $missing >&2; exit 1; }
build/deps.sh $deps
mkdir -p out/bin
ln -sfn ../../build/kodev.sh out/bin/kodev
make --no-print-directory -f build/Makefile -j"$(nproc)" TARGET=$target
kind="NOT static"
readelf -lW "$product" | grep -q INTERP || kind=static
echo "$product: $(stat -c %s "$product") bytes, $kind"
