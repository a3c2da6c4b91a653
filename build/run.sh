#!/bin/bash
# Installs, builds, and runs all roles in the foreground with a private PostgreSQL and Valkey or Redis on loopback. Their data is
# kept in .run/ (or $RUN_DIR) for the next run. Ctrl-C, or any other end of this script, stops all of them.
# Variables come from the environment and from .env, if it exists. If DATABASE_URL or REDIS_URL is set, that server is used instead
# of a private one. Arguments are passed to wanzami. SQL is read from sql/ (SQL_DIR), except with WANZAMI_ENV=production.
set -eu
cd "$(dirname "$0")/.."
build/setup.sh run
build/build.sh
variables=$(out/wanzami env)	# .env as wanzami reads it; the environment takes precedence
eval "$variables"

umask 077
mkdir -p "${RUN_DIR:=.run}"
run=$(realpath "$RUN_DIR")
exec 9>"$run/lock"
flock -n 9 || { echo "run: another build.sh run already uses $run" >&2; exit 1; }

pids=()
# child [OPTION…] COMMAND…: starts the command in the background, in its own session, so that Ctrl-C does not reach it, and with
# SIGTERM at the death of this script. Options are setpriv's: a separate change of the user would clear --pdeathsig.
child() {
	setsid setpriv --pdeathsig TERM "$@" 9>&- &
	pids+=($!)
}

stop() {
	trap '' INT TERM HUP
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do	# in reverse order of start
		kill -TERM "${pids[i]}" 2>/dev/null && wait "${pids[i]}" || true
	done
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# until_up NAME LOG COMMAND…: waits until the command succeeds; fails if the last child ends before.
until_up() {
	local name=$1 log=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		if ! kill -0 "${pids[-1]}" 2>/dev/null; then
			[ -z "$log" ] || tail -n 20 "$log" >&2
			echo "run: $name did not start${log:+; log: $log}" >&2
			exit 1
		fi
		sleep 0.05
	done
}

secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
[ -e "$run/secrets" ] || {
	printf 'pg_password=%s\njwt_access=%s\njwt_refresh=%s\n' "$(secret)" "$(secret)" "$(secret)" >"$run/secrets.new"
	mv "$run/secrets.new" "$run/secrets"
}
. "$run/secrets"

if [ -z "${DATABASE_URL:-}" ]; then
	pgbin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	pgport=${PGPORT:-54400}
	pg=$run/pg
	mkdir -p "$pg"
	as=()
	if [ "$(id -u)" -eq 0 ]; then
		# PostgreSQL refuses to run as root. Its user may lack access to this folder, so it keeps the capability dac_override.
		chown postgres "$pg"
		as=(--reuid=postgres --regid=postgres --init-groups --inh-caps=+dac_override --ambient-caps=+dac_override)
	fi
	if [ ! -e "$pg/data/PG_VERSION" ]; then
		echo "creating a database cluster in $pg"
		rm -rf "$pg/data" "$pg/new"
		# shellcheck disable=SC2154 # pg_password comes from the file of secrets
		setpriv "${as[@]}" "$pgbin/initdb" -D "$pg/new" -A scram-sha-256 -U postgres --pwfile=<(echo "$pg_password") -E UTF8 --locale=C.UTF-8 >"$run/pg.log" 2>&1 ||
			{ tail -n 20 "$run/pg.log" >&2; exit 1; }
		mv "$pg/new" "$pg/data"
	fi
	# On SIGTERM PostgreSQL waits for its clients; wanzami, the only one, has ended before.
	child "${as[@]}" "$pgbin/postgres" -D "$pg/data" -p "$pgport" -c listen_addresses=127.0.0.1 -c unix_socket_directories= >"$run/pg.log" 2>&1
	until_up PostgreSQL "$run/pg.log" "$pgbin/pg_isready" -q -h 127.0.0.1 -p "$pgport"
	export DATABASE_URL=postgresql://postgres:$pg_password@127.0.0.1:$pgport/postgres
fi

if [ -z "${REDIS_URL:-}" ]; then
	kvport=${KVPORT:-54401}
	kv=$(command -v valkey-server || command -v redis-server)
	mkdir -p "$run/kv"
	child "$kv" --bind 127.0.0.1 --port "$kvport" --dir "$run/kv" --appendonly yes --save "" >"$run/kv.log" 2>&1
	until_up "${kv##*/}" "$run/kv.log" "${kv/%-server/-cli}" -e -p "$kvport" PING
	export REDIS_URL=redis://127.0.0.1:$kvport
fi

export PORT=${PORT:-4000} WANZAMI_ENV=${WANZAMI_ENV:-development} LOG_FORMAT=${LOG_FORMAT:-text} SHUTDOWN_GRACE_SEC=${SHUTDOWN_GRACE_SEC:-5}
[ "$WANZAMI_ENV" = production ] || export SQL_DIR=${SQL_DIR:-$PWD/sql}
export JWT_ACCESS_SECRET=${JWT_ACCESS_SECRET:-$jwt_access} JWT_REFRESH_SECRET=${JWT_REFRESH_SECRET:-$jwt_refresh}
if [ -z "${S3_BUCKET:-}" ]; then
	export MEDIA_DIR=${MEDIA_DIR:-$run/media}
	mkdir -p "$MEDIA_DIR"
fi
admin=${ADMIN_EMAIL:-admin@wanzami.example}

out/wanzami migrate
if [ ! -e "$run/admin-password" ]; then
	out/wanzami admin create --email "$admin" --name Administrator --role SUPER_ADMIN </dev/null >"$run/admin-password.new"
	mv "$run/admin-password.new" "$run/admin-password"
fi

child out/wanzami "$@"
until_up wanzami "" out/wanzami --probe
cat <<END

  console   http://127.0.0.1:$PORT/console/
  e-mail    $admin
  password  $(cat "$run/admin-password")

  Ctrl-C stops it.

END
status=0
wait "${pids[-1]}" || status=$?
unset 'pids[-1]'
exit $status
