#!/bin/bash
# Builds, and packs the binary into out/wanzami-image.tar, an archive that docker load and podman load take, with buildah.
set -eu
cd "$(dirname "$0")/.."
build/setup.sh image
build/build.sh
storage=$(mktemp -d)
trap 'chmod -R u+w "$storage" && rm -rf "$storage"' EXIT
tool="buildah --root $storage/root --runroot $storage/run --storage-driver vfs"
rm -f out/wanzami-image.tar
$tool build --quiet --isolation chroot --format docker --timestamp "$(git log -1 --format=%ct)" \
	-f Dockerfile.scratch -t wanzami:"$(cat build/version)" . >/dev/null
$tool push --quiet wanzami:"$(cat build/version)" docker-archive:out/wanzami-image.tar:wanzami:"$(cat build/version)"
echo "out/wanzami-image.tar: $(stat -c %s out/wanzami-image.tar) bytes"
