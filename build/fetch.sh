#!/bin/bash
# fetch.sh DIR RECIPE…: downloads the recipes' sources into DIR and verifies their SHA-256.
# Uses the mirror of this machine's apt, with a separate apt state, and for packages of the suite "npm" the registry of this machine's
# npm. Accesses no network if all files are present.
set -eu
lock=$(cd "$(dirname "$0")" && pwd)/sources.lock
dir=$1; shift
mkdir -p "$dir"

mirror() {
	{ awk '$1 == "URIs:" { print $2 }' /etc/apt/sources.list.d/*.sources 2>/dev/null
	  awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^[a-z]+:\/\//) { print $i; break } }' \
		/etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null; } |
	grep -v security | head -n 1
}

apt_private() {	# creates the separate apt state for all suites on first use
	apt=$dir/.apt
	if [ ! -d "$apt" ]; then
		mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
		for suite in $(awk '!/^#/ && $4 != "npm" { print $4 }' "$lock" | sort -u); do
			echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main"
		done >"$apt/sources.list"
	fi
	opts="-o Dir::State::lists=$apt/lists -o Dir::Etc::sourcelist=$apt/sources.list -o Dir::Etc::sourceparts=/dev/null
	      -o Dir::Cache=$apt/cache -o APT::Sandbox::User=root"
	[ -e "$apt/updated" ] || { apt-get $opts update >"$apt/log" 2>&1 && touch "$apt/updated"; }
}

# fetch_npm FILE NAME VERSION
fetch_npm() {
	command -v npm >/dev/null || { echo "fetch: $1 needs npm: run ./build.sh setup first" >&2; exit 1; }
	(cd "$dir" && npm pack --silent "$2@$3" >/dev/null) || true
	[ -e "$dir/$1" ] || { echo "fetch: npm cannot download $2 $3" >&2; exit 1; }
}

# fetch_apt FILE NAME VERSION SUITE
fetch_apt() {
	local part=--tar-only which
	apt_private
	[ "${1%.debian.tar.xz}" = "$1" ] || part=--diff-only
	# Try the suite's current version first, then the exact version, which the mirror may still list.
	for which in "$2/$4" "$2=$3"; do
		[ -e "$dir/$1" ] || (cd "$dir" && apt-get $opts source --download-only $part "$which" >>"$apt/log" 2>&1) || true
	done
	if [ ! -e "$dir/$1" ]; then
		tail -n 10 "$apt/log" >&2
		echo "fetch: cannot download $2 $3 of $4; log: $apt/log" >&2
		exit 1
	fi
}

for recipe in "$@"; do
	while read -r _ name version suite file sum; do
		if [ -e "$dir/$file" ] && echo "$sum  $dir/$file" | sha256sum -c --status; then
			continue
		fi
		echo "  fetching $file"
		if [ "$suite" = npm ]; then
			fetch_npm "$file" "$name" "$version"
		else
			fetch_apt "$file" "$name" "$version" "$suite"
		fi
		echo "$sum  $dir/$file" | sha256sum -c --status || {
			echo "fetch: SHA-256 of $dir/$file does not match build/sources.lock" >&2
			exit 1
		}
	done < <(grep "^$recipe " "$lock")
done
