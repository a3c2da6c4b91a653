#!/bin/bash
# Builds, and packs the binary into out/wanzami-image.tar, an archive that docker load and podman load take: with buildah, or
# with docker where that is there (with BuildKit and its daemon) and buildah is not.
set -eu
cd "$(dirname "$0")/.."
docker=
if ! command -v buildah >/dev/null && docker buildx version >/dev/null 2>&1 && docker info >/dev/null 2>&1; then
	docker=yes
else
	build/setup.sh image
fi
build/build.sh

version=$(cat build/version)
source=$(git config --get remote.origin.url || true)
case $source in
https://*@* | "")	source=unknown ;;	# whoever cloned it may have put a password there
esac
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
build() {	# build COMMAND…: the last stage of Dockerfile.scratch, with the binary that is there
	"$@" -f Dockerfile.scratch --build-context build=out -t "wanzami:$version" --build-arg VERSION="$version" \
		--build-arg REVISION="$(git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null || echo unknown)" \
		--build-arg SOURCE="$source" . >/dev/null
}

rm -f out/wanzami-image.tar
if [ -n "$docker" ]; then
	build docker build --quiet
	docker save -o out/wanzami-image.tar "wanzami:$version"
else
	storage=$(mktemp -d)
	trap 'chmod -R u+w "$storage" && rm -rf "$storage"' EXIT
	tool="buildah --root $storage/root --runroot $storage/run --storage-driver vfs"
	build $tool build --quiet --isolation chroot --format docker --identity-label=false --timestamp "$SOURCE_DATE_EPOCH"
	$tool push --quiet "wanzami:$version" "docker-archive:out/wanzami-image.tar:wanzami:$version"
fi
echo "out/wanzami-image.tar: $(stat -c %s out/wanzami-image.tar) bytes, $(gzip -c out/wanzami-image.tar | wc -c) compressed"
