#!/bin/bash
# Installs, builds, and serves every role in the foreground on a private PostgreSQL in .run/, which ends with it.
set -eu
cd "$(dirname "$0")/.."
build/setup.sh
build/build.sh

pgbin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
pgport=${PGPORT:-54400}
mkdir -p .run/pg
as_postgres() { "$@"; }
if [ "$(id -u)" -eq 0 ]; then	# PostgreSQL refuses to run as root
	chown postgres .run/pg
	as_postgres() { runuser -u postgres -- "$@"; }
fi
pg=$PWD/.run/pg
cd /
[ -e "$pg/data/PG_VERSION" ] || as_postgres "$pgbin/initdb" -D "$pg/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 >/dev/null
as_postgres "$pgbin/pg_ctl" -D "$pg/data" -l "$pg/log" -w start -s \
	-o "-p $pgport -c listen_addresses=127.0.0.1 -c unix_socket_directories=$pg"
cd - >/dev/null

server=
stop() {
	[ -z "$server" ] || { kill -TERM "$server" 2>/dev/null || true; wait "$server" || true; }
	(cd / && as_postgres "$pgbin/pg_ctl" -D "$pg/data" -m fast -s stop)
}
trap stop EXIT
trap 'exit 0' INT TERM

export PORT=${PORT:-4000} WANZAMI_ENV=${WANZAMI_ENV:-development} LOG_FORMAT=${LOG_FORMAT:-text}
export MEDIA_DIR=${MEDIA_DIR:-$PWD/.run/media}
export DATABASE_URL=${DATABASE_URL:-postgresql://postgres@127.0.0.1:$pgport/postgres}
echo "serving on http://127.0.0.1:$PORT/api/titles; Ctrl-C stops it"
out/wanzami "$@" &
server=$!
wait "$server"
