#!/bin/bash
# Installs what building and testing need, builds binary and image, and runs every test.
set -eu
cd "$(dirname "$0")/.."
build/setup.sh test image
build/image.sh
exec /usr/bin/python3 -m pytest -q -p no:cacheprovider tests "$@"
