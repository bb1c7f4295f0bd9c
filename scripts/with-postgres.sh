#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own: started in a temporary
# folder on a free port as an unprivileged user, stopped when the command ends.
# The command finds its address in TEST_POSTGRES_URL, a name that no hub takes for
# a setting of its own; where that is set already, the server it names is used.
set -euo pipefail

if [ -n "${TEST_POSTGRES_URL:-}" ]; then
    exec "$@"
fi

# The newest one that is installed, wherever its package puts it.
programs() {
    { ls -d /usr/lib/postgresql/*/bin 2>/dev/null || true; } | sort -V | tail -n 1 | grep . ||
        dirname "$(command -v initdb 2>/dev/null || echo)" | grep /
}

if ! programs >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >&2
    else
        echo "the tests need PostgreSQL 15 or later: sudo apt-get install postgresql," \
            "brew install postgresql@17, or set TEST_POSTGRES_URL" >&2
        exit 1
    fi
fi
bin=$(programs)

folder=$(mktemp -d)
# The server refuses to run as root.
as_owner=()
if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"
    as_owner=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
finish() {
    # Nothing in it is needed any more, so it need not be written out.
    "${as_owner[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap finish EXIT

cd_to=$PWD
cd "$folder"
"${as_owner[@]}" "$bin/initdb" -D data -U turnbuckle -A trust -E UTF8 --locale=C --no-sync >log 2>&1 ||
    { cat log; exit 1; }
for _ in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 20000))
    # What a crash of the machine would lose is of no interest here.
    if "${as_owner[@]}" "$bin/pg_ctl" -D data -w -l server.log -o "-p $port -k $folder
        -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300" start >log 2>&1; then
        started=1
        break
    fi
done
[ -n "${started:-}" ] || { cat log server.log; exit 1; }
cd "$cd_to"

TEST_POSTGRES_URL="postgres://turnbuckle@127.0.0.1:$port/postgres" "$@"
