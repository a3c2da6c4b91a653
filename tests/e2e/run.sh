#!/bin/bash
# End-to-end tests. Without BASE_URL: builds the image and runs all of the service on this machine, in containers behind HAProxy
# (docs/end-to-end.md). With it, and ADMIN_EMAIL and ADMIN_PASSWORD: what can be seen of the service there from outside; PLAIN_URL is
# where its plain HTTP is, if that is not the same name without a port. Arguments go to pytest. As root, but for BASE_URL.
set -eu
cd "$(dirname "$0")/../.."
build/setup.sh test image containers
tests="tests/e2e/test_outside.py tests/e2e/test_balancer.py"
if [ -n "${BASE_URL:-}" ]; then
	: "${ADMIN_EMAIL:?} ${ADMIN_PASSWORD:?}"
	tests=tests/e2e/test_outside.py
else
	build/image.sh
fi
exec /usr/bin/python3 -m pytest -q -p no:cacheprovider $tests "$@"
