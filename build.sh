#!/bin/bash
# The one door for people: every verb is a file of its own, this only finds it.
set -eu
cd "$(dirname "$0")"

usage() {
	cat <<-'END'
	usage: ./build.sh VERB

	  setup          install the Debian packages that building needs (root)
	  setup test     the same, and what the tests need (root)
	  build          make out/wanzami (and out/wanzami.debug with symbols)
	  build arm64    make out/wanzami-arm64, the same for 64-bit ARM (its compiler: setup arm64)
	  build asan     make out/wanzami-asan, for tests under AddressSanitizer and UBSan
	  build memcheck make out/wanzami-memcheck, for tests under valgrind
	  run            build, then run every role in the foreground
	  test           install, build and pass every test
	  image          make out/wanzami-image.tar, a container image of the binary alone
	  image arm64    make out/wanzami-image-arm64.tar, the same for 64-bit ARM
	  ecs            fill ecs-taskdefs/ with account, image and the rest, into out/ecs (docs/deploy.md)
	  bench          build, then measure speed and size beside other programs
	  soak [TIME]    build, then let mixed load and faults loose on it for so long, as in 10m (docs/soak.md)
	  clean          remove out/ (the cache of third-party builds stays)
	END
}

verb=${1:-}
[ $# -gt 0 ] && shift
case $verb in
"")		usage ;;
setup)		exec build/setup.sh "$@" ;;
build)		exec build/build.sh "$@" ;;
run)		exec build/run.sh "$@" ;;
test)		exec tests/run.sh "$@" ;;
image)		exec build/image.sh "$@" ;;
ecs)		exec ecs-taskdefs/render.sh "$@" ;;
bench)		exec build/bench.sh "$@" ;;
soak)		exec build/soak.sh "$@" ;;
clean)		rm -rf out ;;
*)		usage >&2; exit 2 ;;
esac
