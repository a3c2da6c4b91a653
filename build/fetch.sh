#!/bin/bash
# fetch.sh DIR RECIPE…: brings the recipes' sources into DIR and checks their SHA-256.
# Asks the mirror that this machine's apt uses, through an apt state of its own; asks nobody when all is there.
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

apt_private() {	# one apt state for all suites, made on first need
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
		# The suite's version first; an older one that the mirror still lists is asked for by its number.
		for which in "$name/$suite" "$name=$version"; do
			[ -e "$dir/$file" ] || (cd "$dir" && apt-get $opts source --download-only $part "$which" >>"$apt/log" 2>&1) || true
		done
		if [ ! -e "$dir/$file" ]; then
			tail -n 10 "$apt/log" >&2
			echo "fetch: $name $version of $suite did not come; the log is $apt/log" >&2
			exit 1
		fi
		echo "$sum  $dir/$file" | sha256sum -c --status || {
			echo "fetch: SHA-256 of $dir/$file is not the one in build/sources.lock" >&2
			exit 1
		}
	done < <(grep "^$recipe " "$lock")
done
