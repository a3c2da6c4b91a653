#!/bin/bash
# Installs what building and testing need, builds, runs every test and ends with the line "N passed, N failed".
# Arguments go to pytest: --binary out/wanzami-asan, -k words, …
set -u
cd "$(dirname "$0")/.."
build/setup.sh test run image || exit
build/image.sh || exit
report=$(mktemp)
trap 'rm -f "$report"' EXIT
/usr/bin/python3 -m pytest -q -p no:cacheprovider --junitxml="$report" tests "$@"
status=$?
/usr/bin/python3 - "$report" <<-'END' || status=1
	import sys, xml.etree.ElementTree as tree
	suite = tree.parse(sys.argv[1]).getroot().find("testsuite")
	tests, skipped, failed = (int(suite.get(n)) for n in ("tests", "skipped", "failures"))
	failed += int(suite.get("errors"))
	for case in suite.iter("testcase"):
	    for reason in case.iter("skipped"):
	        print("skipped: %s: %s" % (case.get("name"), reason.get("message")))
	print("%d passed, %d failed" % (tests - skipped - failed, failed))
END
exit $status
