#!/bin/bash
# Installs what the soak needs, builds, and lets mixed load and faults loose on it: soak.sh [TIME] [SEED], as in 10m (docs/soak.md).
set -eu
cd "$(dirname "$0")/.."
build/setup.sh run test
build/build.sh
exec /usr/bin/python3 tests/soak/soak.py "$@"
