#!/bin/bash
# Installs what the benchmark measures against, builds, and measures; an argument names a part (footprint, serving, api, overload, tls, transcode).
set -eu
cd "$(dirname "$0")/.."
build/setup.sh run bench
build/build.sh
exec /usr/bin/python3 tests/bench/bench.py "$@"
