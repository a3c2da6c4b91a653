#!/bin/bash
# Puts the source tarballs of build/sources.lock into the cache, each checked
# by its SHA-256. Files that are there already are only checked; without a
# missing file nothing touches the network.
# usage: fetch.sh [name ...]

. "$(dirname "$0")/common.sh"

APT_DIR=$CACHE/apt
SRC=$CACHE/src

# The apt of the machine is only asked for the address of its Debian mirror;
# lists, cache and sources of the fetch are our own.
fetch_apt() {
	local tool=$1
	shift
	"$tool" -q \
	    -o APT::Sandbox::User=root \
	    -o Dir::State="$APT_DIR/state" \
	    -o Dir::State::status="$APT_DIR/status" \
	    -o Dir::Cache="$APT_DIR/cache" \
	    -o Dir::Etc::SourceList="$APT_DIR/sources.list" \
	    -o Dir::Etc::SourceParts=/dev/null \
	    -o Dir::Etc::PreferencesParts=/dev/null \
	    "$@"
}

# Prints the address of the mirror that serves the machine's own release.
fetch_mirror() {
	local code
	code=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-stable}")
	apt-get indextargets \
	    --format '$(RELEASE)|$(COMPONENT)|$(REPO_URI)' \
	    'Created-By: Packages' | awk -F'|' -v code="$code" '
		$2 == "main" && ($1 == code || $1 ~ /^(old)*stable$/ ||
		    $1 == "testing" || $1 == "sid") { print $3; exit }'
}

fetch_indexes() {
	local mirror suite keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	local options=

	[ -z "${INDEXED:-}" ] || return 0
	need apt-get apt-cache
	mirror=$(fetch_mirror)
	[ -n "$mirror" ] || die "apt knows no Debian mirror to fetch sources from"
	[ ! -e "$keyring" ] || options="[signed-by=$keyring] "

	mkdir -p "$APT_DIR"/state/lists/partial "$APT_DIR"/cache/archives/partial
	: >"$APT_DIR/status"
	for suite in $(awk '!/^#/ && NF { print $3 }' "$LOCK" | sort -u); do
		say "deb-src $options$mirror $suite main"
	done >"$APT_DIR/sources.list"
	say "Reading the source indexes of Debian ..."
	fetch_apt apt-get update >"$APT_DIR/log" 2>&1 ||
	    fail_log "$APT_DIR/log" "apt-get update"
	INDEXED=1
}

# fetch_revisions NAME FILE SHA256: the Debian versions that list that file.
# The upstream tarball stays the same through many Debian revisions, so any
# one of them will do.
fetch_revisions() {
	fetch_apt apt-cache showsrc "$1" 2>/dev/null | awk -v file="$2" -v sum="$3" '
		/^Version:/ { version = $2 }
		$1 == sum && $3 == file { print version }' | sort -ru
}

fetch_one() {
	local name=$1 file=$2 sum=$3 part=--tar-only revision tmp

	fetch_indexes
	case $file in
	*.debian.tar.*) part=--diff-only ;;
	esac
	tmp=$(mktemp -d "$SRC/.fetch.XXXXXX")
	for revision in $(fetch_revisions "$name" "$file" "$sum"); do
		(cd "$tmp" && fetch_apt apt-get source --download-only $part \
		    "$name=$revision") >"$APT_DIR/log" 2>&1 || true
		[ ! -f "$tmp/$file" ] || break
	done
	if [ ! -f "$tmp/$file" ]; then
		rm -rf "$tmp"
		die "$file with the SHA-256 of build/sources.lock is not on the" \
		    "mirror (any more); put it into $SRC by hand"
	fi
	mv "$tmp/$file" "$SRC/$file"
	rm -rf "$tmp"
}

fetch_check() {
	local file=$1 sum=$2 got
	got=$(sha256sum "$SRC/$file")
	got=${got%% *}
	[ "$got" = "$sum" ] || die "SHA-256 mismatch of $SRC/$file:" \
	    "build/sources.lock says $sum, the file has $got. Remove the file" \
	    "to fetch it again; never change the lock without knowing why."
}

mkdir -p "$SRC"
exec 9>"$CACHE/lock-fetch"
flock 9
while read -r name _ _ file sum <&3; do
	case $name in
	''|'#'*) continue ;;
	esac
	[ $# -eq 0 ] || case " $* " in *" $name "*) ;; *) continue ;; esac
	if [ ! -f "$SRC/$file" ]; then
		say "Fetching $file"
		fetch_one "$name" "$file" "$sum"
	fi
	fetch_check "$file" "$sum"
done 3<"$LOCK"
