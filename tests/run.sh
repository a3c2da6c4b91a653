#!/bin/bash
# Installs the packages for building and testing, builds, and runs the tests in four parts: all tests with out/wanzami; tests of the API,
# mail and the queue, unit tests and fuzz targets under AddressSanitizer and UBSan; some tests under valgrind; some tests with the
# emulated binary for 64-bit ARM. The builds for the later parts run during the first.
# Prints the time and the ten slowest tests of each part, skipped tests with their reasons, and at the end "N passed, N failed".
# A failed test is run again alone, because several tests share a processor. If it fails again, it counts as failed; else it is listed.
# usage: tests/run.sh [PYTEST-ARGUMENT…]. With arguments (tests/api -k payments) only the first part runs.
# tests/e2e/run.sh runs the tests that need containers and a load balancer.
set -u
cd "$(dirname "$0")/.." || exit
. tests/paths.sh
set_paths "$@"
build/setup.sh test run image arm64 || exit
build/image.sh || exit
reports=$(mktemp -d)
building=()
trap 'kill "${building[@]}" 2>/dev/null; rm -rf "$reports"' EXIT
status=0

# suite NAME PYTEST-ARGUMENT…
suite() {
	local name=$1 start=$SECONDS
	shift
	rm -f "$reports/failed"
	echo "== $name"
	FAILED_TO=$reports/failed run_pytest --timeout 900 -r fE --durations=10 --junitxml="$reports/$name.xml" "$@" || again $? "$name" "$@"
	echo "== $name: $((SECONDS - start)) s, $SECONDS s since the start"
}

# again STATUS NAME PYTEST-ARGUMENT…: runs the failed tests once more, one after the other. STATUS is the exit status of pytest: 1 if tests failed.
again() {
	local code=$1 name=$2 ids=() options=() argument
	shift 2
	[ ! -e "$reports/failed" ] || mapfile -t ids <"$reports/failed"
	for argument in "$@"; do
		case $argument in
		--binary | out/wanzami-* | --valgrind)	options+=("$argument") ;;
		esac
	done
	if [ "$code" -ne 1 ] || [ ${#ids[@]} -eq 0 ] || [ ${#ids[@]} -gt 20 ]; then
		status=1
		return
	fi
	echo "== $name: ${#ids[@]} failed in parallel; run again alone:"
	# The tests come first: behind an option that pytest does not know yet, it would not look for their conftest.py.
	/usr/bin/python3 -m pytest -q -p no:cacheprovider --timeout 900 -r fEp --junitxml="$reports/$name-alone.xml" "${ids[@]}" "${options[@]}" || status=1
}

# prepare COMMAND…: runs it in the background with a low priority, after the commands that were prepared before.
prepare() {
	local before=
	[ ${#building[@]} -eq 0 ] || before=${building[-1]}
	{
		[ -z "$before" ] || tail -f --pid="$before" /dev/null
		exec nice -n 19 "$@"
	} >"$reports/build-${#building[@]}.log" 2>&1 </dev/null &
	building+=($!)
}

# prepared N: waits for the command that was prepared as the Nth, from 0.
prepared() {
	local start=$SECONDS failed=0
	wait "${building[$1]}" || failed=$?
	cat "$reports/build-$1.log"
	echo "== waited $((SECONDS - start)) s for the build"
	[ $failed -eq 0 ] || exit $failed
}

if [ $# -gt 0 ]; then
	suite tests "${paths[@]}" "$@"
else
	# The first part waits most of the time, so all builds run during it.
	prepare bash -c 'build/build.sh asan && build/build.sh memcheck'
	prepare build/image.sh arm64
	suite tests "${paths[@]}" --ignore tests/unit --ignore tests/fuzz --ignore tests/tls/test_fuzz_tls.py
	prepared 0
	# Costs are compared with the product only; the recorded answers and the generated client send requests that other tests send, too. The sequences
	# of reports about a payment are tried within the database, without the product. The long tests start first. More tests run at a time than in
	# the first part, because these use less than half of a processor each.
	suite sanitizers -n "$((3 * $(nproc)))" tests/fuzz tests/tls/test_fuzz_tls.py tests/unit tests/fault/test_awaits.py tests/api/test_operations.py \
		tests/api tests/net tests/jobs/test_queue.py \
		--ignore tests/api/test_costs.py --ignore tests/api/test_compat.py --ignore tests/api/test_protect.py \
		--ignore tests/api/test_typescript_client.py --binary out/wanzami-asan -k "not 0000] and not all_sequences_of_up_to_five_reports"
	# Only valgrind finds reads of memory that was never written; the sanitizers find the rest. So each path through the code is run once: tests that
	# send the same request many times at once test the order of transactions.
	suite valgrind tests/api/test_auth.py tests/api/test_catalogue.py --binary out/wanzami-memcheck --valgrind -k "not concurrent"
	prepared 1
	suite arm64 tests/arm64 tests/operation/test_binary.py tests/operation/test_image.py tests/operation/test_notices.py tests/operation/test_doctor.py tests/tls/test_jwt.py \
		tests/tls/test_client.py "tests/media/test_media.py::test_turned_films_become_upright[90-size0]" --binary out/wanzami-arm64
fi
/usr/bin/python3 - "$reports" <<-'END' || status=1
	import glob, os, sys, xml.etree.ElementTree as tree
	tests = skipped = failed = 0
	for report in sorted(glob.glob(sys.argv[1] + "/*.xml")):
	    alone = report.replace(".xml", "-alone.xml")
	    suite = tree.parse(report).getroot().find("testsuite")
	    bad = [case for case in suite.iter("testcase") if case.find("failure") is not None or case.find("error") is not None]
	    if not report.endswith("-alone.xml"):
	        tests += int(suite.get("tests"))
	        skipped += int(suite.get("skipped"))
	        if os.path.exists(alone):
	            print(*("failed in parallel: %s::%s" % (case.get("classname"), case.get("name")) for case in bad), sep="\n")
	            continue
	    failed += len(bad)
	    for case in suite.iter("testcase"):
	        for reason in case.iter("skipped"):
	            print("skipped: %s: %s" % (case.get("name"), reason.get("message")))
	print("%d passed, %d failed" % (tests - skipped - failed, failed))
END
exit $status
