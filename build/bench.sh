#!/bin/bash
# Installs the programs that the benchmark compares with, builds, and measures. An argument selects a part (footprint, serving, api,
# overload, tls, transcode, media, playback, mail, console, growth).
set -eu
cd "$(dirname "$0")/.."
build/setup.sh run bench
build/build.sh
exec /usr/bin/python3 tests/bench/bench.py "$@"
