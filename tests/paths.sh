#!/bin/bash
# Sourced by run.sh and check.sh.

# set_paths PYTEST-ARGUMENT…: leaves paths empty if an argument is a path, else sets it to all tests for out/wanzami. The other tests
# need the binary for 64-bit ARM, the hooks of the sanitizer build, or containers behind a load balancer (tests/e2e/run.sh).
# shellcheck disable=SC2034 # the caller reads paths
set_paths() {
	local argument
	paths=()
	for argument in "$@"; do
		[ ! -e "${argument%%::*}" ] || return 0
	done
	paths=(tests --ignore tests/arm64 --ignore tests/fault/test_awaits.py --ignore tests/e2e/test_outside.py --ignore tests/e2e/test_balancer.py)
}

# run_pytest PYTEST-ARGUMENT…: runs more tests in parallel than there are processors, because most tests wait most of the time.
# Python may keep the compiled tests (__pycache__): pytest uses six seconds of each worker to compile all of them.
run_pytest() {
	env -u PYTHONDONTWRITEBYTECODE /usr/bin/python3 -m pytest -q -p no:cacheprovider -n "$(($(nproc) + 1))" --dist loadgroup "$@"
}
