# What every build script agrees on: where things are and how to speak.
# Sourced, never run; needs bash.

set -euo pipefail
export LC_ALL=C

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${WANZAMI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wanzami}
LOCK=$ROOT/build/sources.lock

say() {
	printf '%s\n' "$*"
}

die() {
	printf 'build.sh: %s\n' "$*" >&2
	exit 1
}

need() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null ||
		    die "$tool is missing: run ./build.sh setup first"
	done
}

# fail_log LOG WHAT: the end of the log of a step that failed, and where it is.
fail_log() {
	printf '\n%s failed; the last lines of its log:\n' "$2" >&2
	tail -n 30 "$1" | sed 's/^/  | /' >&2
	die "$2 failed, whole log: $1"
}
