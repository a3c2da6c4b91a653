#!/bin/bash
# setup.sh [run|test|image|arm64|containers|bench]…: installs the missing Debian packages; prints nothing if none is missing.
set -eu
cd "$(dirname "$0")"

lists="packages.build packages.fetch"
for what in "$@"; do
	lists="$lists packages.$what"
done

# An installed package may provide another one, as a newer Node.js package provides npm.
provided=$(dpkg-query -W -f '${db:Status-Status},${Provides}\n' | sed -n 's/^installed,//p' | sed 's/([^)]*)//g' | tr ', ' '\n\n')
missing=
for p in $(cat $lists); do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q "ok installed" || grep -qxF "$p" <<<"$provided" || missing="$missing $p"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || { echo "setup: cannot install without root; run as root:$missing" >&2; exit 1; }
	exec sudo "$PWD/setup.sh" "$@"
fi
echo "installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
	tail -n 30 "$log"
	exit 1
fi
