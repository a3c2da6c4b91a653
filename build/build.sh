#!/bin/bash
# Third-party libraries first (from the cache when nothing changed), then the application.
# usage: build.sh [asan|memcheck]. With either, out/wanzami-asan or out/wanzami-memcheck, for the tests under sanitizers or valgrind.
set -eu
cd "$(dirname "$0")/.."
missing=$(for p in $(cat build/packages.build); do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q "ok installed" || echo "$p"
done)
[ -z "$missing" ] || { echo "build: run ./build.sh setup first; missing:" $missing >&2; exit 1; }
target=${1:-musl}
case $target in
musl)		product=out/wanzami deps=musl ;;
asan|memcheck)	product=out/wanzami-$target deps=asan ;;
*)		echo "build: $target is no target (musl, asan, memcheck)" >&2; exit 2 ;;
esac
build/deps.sh $deps
mkdir -p out/bin
ln -sfn ../../build/kodev.sh out/bin/kodev
make --no-print-directory -f build/Makefile -j"$(nproc)" TARGET=$target
kind="NOT static"
readelf -lW "$product" | grep -q INTERP || kind=static
echo "$product: $(stat -c %s "$product") bytes, $kind"
