#!/bin/bash
# Builds the binary and a container image of it, out/wanzami-image.tar, for docker load and podman load. Uses buildah, or docker
# (with BuildKit and a running daemon) if buildah is not installed.
# usage: image.sh [arm64]. With arm64, builds out/wanzami-image-arm64.tar for 64-bit ARM.
set -eu
cd "$(dirname "$0")/.."
case ${1:-} in
"")	platform=linux/$(dpkg --print-architecture) suffix= ;;
arm64)	platform=linux/arm64 suffix=-arm64 ;;
*)	echo "image: unknown architecture $1; use arm64 or no argument" >&2; exit 2 ;;
esac
archive=out/wanzami-image$suffix.tar
docker=
if ! command -v buildah >/dev/null && docker buildx version >/dev/null 2>&1 && docker info >/dev/null 2>&1; then
	docker=yes
else
	build/setup.sh image "$@"
fi
build/build.sh "$@"

version=$(cat build/version)
source=$(git config --get remote.origin.url || true)
case $source in
https://*@* | "")	source=unknown ;;	# the URL may contain a password
esac
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
build() {	# build COMMAND…: builds the last stage of Dockerfile.scratch with the existing binary
	"$@" -f Dockerfile.scratch --platform "$platform" --build-context build="$work/context" -t "wanzami:$version" \
		--build-arg VERSION="$version" \
		--build-arg REVISION="$(git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null || echo unknown)" \
		--build-arg SOURCE="$source" . >/dev/null
}

rm -f $archive
work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
mkdir "$work/context"
cp -p out/wanzami$suffix "$work/context/wanzami"
if [ -n "$docker" ]; then
	build docker build --quiet
	docker save -o $archive "wanzami:$version"
else
	tool="buildah --root $work/root --runroot $work/run --storage-driver vfs"
	build $tool build --quiet --isolation chroot --format docker --identity-label=false --timestamp "$SOURCE_DATE_EPOCH"
	$tool push --quiet "wanzami:$version" "docker-archive:$archive:wanzami:$version"
fi
echo "$archive: $(stat -c %s $archive) bytes, $(gzip -c $archive | wc -c) compressed"
