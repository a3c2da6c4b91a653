#!/bin/bash
# fetch.sh DIR RECIPE…: downloads the recipes' sources into DIR and verifies their SHA-256.
# Uses the mirror of this machine's apt, with a separate apt state. Accesses no network if all files are present.
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
		for suite in $(awk '!/^#/ { print $4 }' "$lock" | sort -u); do
			echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main"
		done >"$apt/sources.list"
	fi
	opts="-o Dir::State::lists=$apt/lists -o Dir::Etc::sourcelist=$apt/sources.list -o Dir::Etc::sourceparts=/dev/null
	      -o Dir::Cache=$apt/cache -o APT::Sandbox::User=root"
	[ -e "$apt/updated" ] || { apt-get $opts update >"$apt/log" 2>&1 && touch "$apt/updated"; }
}

for recipe in "$@"; do
	while read -r _ name version suite file sum; do
		if [ -e "$dir/$file" ] && echo "$sum  $dir/$file" | sha256sum -c --status; then
			continue
		fi
		apt_private
		part=--tar-only
		[ "${file%.debian.tar.xz}" != "$file" ] && part=--diff-only
		echo "  fetching $file"
		# Try the suite's current version first, then the exact version, which the mirror may still list.
		for which in "$name/$suite" "$name=$version"; do
			[ -e "$dir/$file" ] || (cd "$dir" && apt-get $opts source --download-only $part "$which" >>"$apt/log" 2>&1) || true
		done
		if [ ! -e "$dir/$file" ]; then
			tail -n 10 "$apt/log" >&2
			echo "fetch: cannot download $name $version of $suite; log: $apt/log" >&2
			exit 1
		fi
		echo "$sum  $dir/$file" | sha256sum -c --status || {
			echo "fetch: SHA-256 of $dir/$file does not match build/sources.lock" >&2
			exit 1
		}
	done < <(grep "^$recipe " "$lock")
done
