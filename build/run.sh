#!/bin/bash
# Installs, builds, and serves every role in the foreground.
set -eu
cd "$(dirname "$0")/.."
build/setup.sh
build/build.sh
export PORT=${PORT:-4000} WANZAMI_ENV=${WANZAMI_ENV:-development} LOG_FORMAT=${LOG_FORMAT:-text}
echo "serving on http://127.0.0.1:$PORT/health; Ctrl-C stops it"
exec out/wanzami "$@"
