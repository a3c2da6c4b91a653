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
# Two mail servers cannot be installed beside each other, so those of packages.unpack are only unpacked, for tests that only root can run. Exim looks
# for the user that its package would have made.
unpack=
case "$(id -u) $* " in "0 "*" test "* | "0 test "*)
	for p in $(cat packages.unpack); do
		[ -e "/opt/wanzami-test/$p" ] || unpack="$unpack $p"
	done
	id Debian-exim >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin Debian-exim ;;
esac
[ -z "$missing$unpack" ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || { echo "setup: cannot install without root; run as root:$missing$unpack" >&2; exit 1; }
	exec sudo "$PWD/setup.sh" "$@"
fi
echo "installing:$missing$unpack"
log=$(mktemp)
folder=$(mktemp -d)
trap 'rm -rf "$log" "$folder"' EXIT

unpack_all() {
	local p
	for p in $unpack; do
		(cd "$folder" && apt-get -o APT::Sandbox::User=root download "$p" && dpkg-deb -x "$p"_*.deb "$p") || return 1
		mkdir -p /opt/wanzami-test && chmod 755 "$folder/$p" && mv "$folder/$p" "/opt/wanzami-test/$p" || return 1
	done
}

if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing && unpack_all; } >"$log" 2>&1; then
	tail -n 30 "$log"
	exit 1
fi
