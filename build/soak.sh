#!/bin/bash
# soak.sh [TIME] [SEED]: installs the packages of the tests, builds, and runs the soak test, mixed load with faults, for TIME, such as
# 10m (docs/soak.md).
set -eu
cd "$(dirname "$0")/.."
build/setup.sh run test
build/build.sh
exec /usr/bin/python3 tests/soak/soak.py "$@"
