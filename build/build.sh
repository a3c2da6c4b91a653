#!/bin/bash
# Third-party libraries first (from the cache when nothing changed), then the application.
# usage: build.sh [asan]. With asan: out/wanzami-asan, for the tests under AddressSanitizer and UBSan.
set -eu
cd "$(dirname "$0")/.."
missing=$(for p in $(cat build/packages.build); do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q "ok installed" || echo "$p"
done)
[ -z "$missing" ] || { echo "build: run ./build.sh setup first; missing:" $missing >&2; exit 1; }
target=${1:-musl}
product=out/wanzami
case $target in
musl)	;;
asan)	product=out/wanzami-asan ;;
*)	echo "build: $target is no target (musl, asan)" >&2; exit 2 ;;
esac
build/deps.sh $target
mkdir -p out/bin
ln -sfn ../../build/kodev.sh out/bin/kodev
make --no-print-directory -f build/Makefile -j"$(nproc)" TARGET=$target
kind="NOT static"
readelf -lW "$product" | grep -q INTERP || kind=static
echo "$product: $(stat -c %s "$product") bytes, $kind"
