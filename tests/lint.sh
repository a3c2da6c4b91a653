#!/bin/bash
# Checks that need no running service: clang-tidy, layers of the code, documents and their anchors, statements and their comments,
# the OpenAPI document, shell scripts.
set -eu
cd "$(dirname "$0")/.."
build/setup.sh test
build/build.sh
shellcheck -x -S warning build.sh build/*.sh build/nasm/nasm tests/*.sh tests/e2e/*.sh ecs-taskdefs/*.sh
exec /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/sources tests/api/test_openapi.py::test_a_linter_finds_no_error "$@"
