#!/bin/bash
# Entry point of all developer commands; runs the script of the given verb.
set -eu
cd "$(dirname "$0")"

usage() {
	cat <<-'END'
	usage: ./build.sh VERB

	  setup          install the Debian packages for building (needs root)
	  setup test     install the packages for building and testing (needs root)
	  setup arm64    install the cross compiler for 64-bit ARM (needs root)
	  build          build out/wanzami (and out/wanzami.debug with symbols)
	  build arm64    cross-compile out/wanzami-arm64 for 64-bit ARM (first: setup arm64)
	  build asan     build out/wanzami-asan, for tests under AddressSanitizer and UBSan
	  build memcheck build out/wanzami-memcheck, for tests under valgrind
	  run            build, then run all roles in the foreground with private servers
	  test           install the packages, build and run all tests
	  check [TESTS]  build and run tests, such as tests/api -k login: for the edit-run loop
	  lint           build and check the sources: clang-tidy, layers, documents, statements, shell scripts
	  image          build out/wanzami-image.tar, a container image of the binary
	  image arm64    build out/wanzami-image-arm64.tar, the image for 64-bit ARM
	  ecs            write the ECS task definitions, with account and image, to out/ecs (docs/deploy.md)
	  bench          build, then compare speed and size with other programs
	  soak [TIME]    build, then run mixed load with faults for TIME, such as 10m (docs/soak.md)
	  clean          remove out/ (keeps the cache of third-party builds)
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
check)		exec tests/check.sh "$@" ;;
lint)		exec tests/lint.sh "$@" ;;
image)		exec build/image.sh "$@" ;;
ecs)		exec ecs-taskdefs/render.sh "$@" ;;
bench)		exec build/bench.sh "$@" ;;
soak)		exec build/soak.sh "$@" ;;
clean)		rm -rf out ;;
*)		usage >&2; exit 2 ;;
esac
