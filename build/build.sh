#!/bin/bash
# Third-party libraries first (from the cache when nothing changed), then the application.
set -eu
cd "$(dirname "$0")/.."
missing=$(for p in $(cat build/packages.build); do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q "ok installed" || echo "$p"
done)
[ -z "$missing" ] || { echo "build: run ./build.sh setup first; missing:" $missing >&2; exit 1; }
build/deps.sh
make --no-print-directory -f build/Makefile -j"$(nproc)"
echo "out/wanzami: $(stat -c %s out/wanzami) bytes"
