#!/bin/bash
# Builds the application and runs tests with it, without image and sanitizer builds.
# usage: tests/check.sh [PYTEST-ARGUMENT…], for example tests/api/test_payments.py tests/api/test_ppv.py. Without a path, all tests of this machine's binary.
set -eu
cd "$(dirname "$0")/.."
build/setup.sh test
build/build.sh
. tests/paths.sh
set_paths "$@"
run_pytest "${paths[@]}" "$@"
