#!/bin/bash
# End-to-end tests (docs/end-to-end.md). Without BASE_URL: builds the image and runs the whole service on this machine, in containers
# behind HAProxy; needs root. With BASE_URL, ADMIN_EMAIL and ADMIN_PASSWORD: sends requests to the service at that URL. PLAIN_URL is its
# URL for plain HTTP, if that is not the same host name without a port. Arguments go to pytest.
set -eu
cd "$(dirname "$0")/../.."
build/setup.sh test image containers
tests="tests/e2e/test_outside.py tests/e2e/test_balancer.py"
if [ -n "${BASE_URL:-}" ]; then
	: "${ADMIN_EMAIL:?set it to an administrator of $BASE_URL} ${ADMIN_PASSWORD:?set it to the password of $ADMIN_EMAIL}"
	tests=tests/e2e/test_outside.py
else
	build/image.sh
fi
exec /usr/bin/python3 -m pytest -q -p no:cacheprovider $tests "$@"
