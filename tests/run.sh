#!/bin/bash
# Installs the packages for building and testing, builds, and runs the tests in four parts: all tests with out/wanzami; tests of the API,
# mail and the queue under AddressSanitizer and UBSan; some tests under valgrind; some tests with the emulated binary for 64-bit ARM.
# Prints the time and the ten slowest tests of each part, skipped tests with their reasons, and at the end "N passed, N failed".
# usage: tests/run.sh [PYTEST-ARGUMENT…]. With arguments (tests/api -k payments) only the first part runs.
# A test that fails or runs for 15 minutes is repeated up to twice; the summary lists it as RERUN.
# tests/e2e/run.sh runs the tests that need containers and a load balancer.
set -u
cd "$(dirname "$0")/.." || exit
. tests/paths.sh
set_paths "$@"
build/setup.sh test run image || exit
build/image.sh || exit
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
status=0

# suite NAME PYTEST-ARGUMENT…
suite() {
	local name=$1 start=$SECONDS
	shift
	echo "== $name"
	/usr/bin/python3 -m pytest -q -p no:cacheprovider --reruns 2 -rR --timeout 900 --durations=10 --junitxml="$reports/$name.xml" "$@" || status=1
	echo "== $name: $((SECONDS - start)) s, $SECONDS s since the start"
}

if [ $# -gt 0 ]; then
	suite tests "${paths[@]}" "$@"
else
	suite tests "${paths[@]}"
	build/build.sh asan || exit
	suite sanitizers tests/api tests/net tests/jobs/test_queue.py tests/test_titles.py tests/fault/test_awaits.py --binary out/wanzami-asan -k "not 0000]"
	build/build.sh memcheck || exit
	suite valgrind tests/api/test_auth.py tests/api/test_catalogue.py --binary out/wanzami-memcheck --valgrind
	build/image.sh arm64 || exit
	suite arm64 tests/arm64 tests/test_binary.py tests/test_image.py tests/test_notices.py tests/test_doctor.py tests/tls/test_jwt.py \
		tests/tls/test_client.py "tests/media/test_media.py::test_turned_films_become_upright[90-size0]" --binary out/wanzami-arm64
fi

/usr/bin/python3 - "$reports" <<-'END' || status=1
	import glob, sys, xml.etree.ElementTree as tree
	tests = skipped = failed = 0
	for report in glob.glob(sys.argv[1] + "/*.xml"):
	    suite = tree.parse(report).getroot().find("testsuite")
	    tests += int(suite.get("tests"))
	    skipped += int(suite.get("skipped"))
	    failed += int(suite.get("failures")) + int(suite.get("errors"))
	    for case in suite.iter("testcase"):
	        for reason in case.iter("skipped"):
	            print("skipped: %s: %s" % (case.get("name"), reason.get("message")))
	print("%d passed, %d failed" % (tests - skipped - failed, failed))
END
exit $status
