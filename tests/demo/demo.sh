#!/bin/bash
# Shows stock programs at work on our library: psql, pgbench and pg_dump of PostgreSQL 18, not
# changed and not recompiled, and says at the end what ran, on which library, and how long.
#
# usage: demo.sh LIBDIR        (make demo)
#   DSN=...   a conninfo string or URI of a server of your own; else a throwaway server is started
#             in a temporary directory on a unix socket. On your own server everything happens in
#             schemas named pqp_demo_N, which are dropped at the end.
#
# Cleans up after itself, also when interrupted.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
setup=$here/../setup
library=$(realpath "${1:?usage: demo.sh LIBDIR}/libpq.so.5")

settings=$("$setup/prepare.sh" 18)
while IFS= read -r line; do export "${line?}"; done <<<"$settings"

# short: a unix socket's path has at most 107 bytes
work=$(mktemp -d /tmp/pqd.XXXXXX)
chmod 755 "$work"
schema=pqp_demo_$$
dsn=
own=
clean() {
    local status=$?
    trap '' INT TERM HUP
    if [ -n "$dsn" ] && [ -n "$own" ]; then
        "$PQP_BIN18/psql" -X -q "$dsn" -c "set client_min_messages = error" \
            -c "drop schema if exists $schema, ${schema}_copy cascade" >&2 ||
            echo "demo: could not drop the schemas $schema and ${schema}_copy" >&2
    fi
    [ ! -d "$work/server" ] || "$setup/server.sh" stop "$work/server" || :
    rm -rf "$work"
    [ "$status" = 0 ] || echo "demo: ended early (status $status); cleaned up" >&2
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

mkdir "$work/lib"
ln -s "$library" "$work/lib/libpq.so.5"
${CC:-cc} -shared -fPIC -O1 -o "$work/witness.so" "$setup/witness.c"

if [ -n "${DSN:-}" ]; then
    dsn=$DSN
    own=yes
else
    for name in $(compgen -e PG); do unset "$name"; done
    settings=$("$setup/server.sh" start 18 "$work/server")
    while IFS= read -r line; do export "${line?}"; done <<<"$settings"
    dsn=$PQP_DSN18
    echo "demo: a throwaway PostgreSQL 18 server listens on a unix socket in $PQP_HOST18"
fi
export PGOPTIONS="-c search_path=$schema${PGOPTIONS:+ $PGOPTIONS}" PSQLRC=/dev/null PAGER=cat

bold() { if [ -t 1 ]; then printf '\n\033[1m== %s\033[0m\n' "$*"; else printf '\n== %s\n' "$*"; fi; }

# on LABEL STATUS COMMAND...: runs a program on our library and notes what it had loaded
: >"$work/summary"
failed=0
ours() {
    LD_LIBRARY_PATH=$work/lib LD_PRELOAD=$work/witness.so PQP_WITNESS=$work/witness "$@"
}
on() {
    local label=$1 expected=$2 status=0 started ended loaded
    shift 2
    bold "$label"
    : >"$work/witness"
    started=$(date +%s%N)
    "$@" 2>&1 || status=$?
    ended=$(date +%s%N)
    loaded=$(cut -f2 "$work/witness" | sort -u | tr '\n' ' ')
    [ "$loaded" = "$library " ] || {
        failed=1
        loaded="${loaded:-no libpq seen }(expected $library) "
    }
    local verdict=ok
    if [ "$status" != "$expected" ]; then
        failed=1
        verdict="exit code $status, expected $expected"
    fi
    printf '%-42s %s %d ms  %s\n' "$label" "$loaded" $(((ended - started) / 1000000)) "$verdict" \
        >>"$work/summary"
}
psql() { ours "$PQP_BIN18/psql" -X "$dsn" -v ON_ERROR_STOP=1 "$@"; }
pgbench() { ours "$PQP_BIN18/pgbench" "$@" "$dsn"; }

query() {
    psql -q -c "create schema $schema" && psql -e \
        -c "create table planet (name text primary key, moons int)" \
        -c "insert into planet values ('Earth', 1), ('Mars', 2), ('Venus', 0)" \
        -c "select name, moons, version() like 'PostgreSQL%' as on_postgresql from planet order by moons"
}
failing() { psql -e -v VERBOSITY=verbose -c "select name, monos from planet"; }
copy() {
    psql -q -c "\\copy planet to $work/planet.csv with (format csv, header)" &&
        cat "$work/planet.csv" && sed -i '1!s/^/Exo-/' "$work/planet.csv" &&
        psql -c "\\copy planet from $work/planet.csv with (format csv, header)" \
            -c "select count(*) as planets, sum(moons) as moons from planet"
}
pipeline() {
    psql <<'END'
\startpipeline
select count(*) as first from planet \bind \sendpipeline
select name as second from planet where moons > $1 order by name limit 1 \bind 1 \sendpipeline
select $1::text || ', in one round trip' as third \bind 'three queries' \sendpipeline
\endpipeline
END
}
bench() {
    pgbench -q -i -s 1 && pgbench -n -M prepared -c 4 -j 2 -T 2
}
dump() {
    # the dump's schema takes another name on the way; servers before 17 do not know one setting
    ours "$PQP_BIN18/pg_dump" -n "$schema" "$dsn" |
        sed -e "s/\b$schema\b/${schema}_copy/g" -e '/^SET transaction_timeout = 0;$/d' |
        psql -q -o /dev/null -f - &&
        psql -c "select (select count(*) from $schema.pgbench_accounts) as original,
                        (select count(*) from ${schema}_copy.pgbench_accounts) as copied,
                        (select count(*) from ${schema}_copy.planet) as planets"
}

on "psql: a query" 0 query
on "psql: a failing query" 1 failing
on "psql: \\copy out and in" 0 copy
on "psql: a pipeline" 0 pipeline
on "pgbench -M prepared" 0 bench
on "pg_dump | psql" 0 dump

bold "what ran, on which library, how long"
cat "$work/summary"
[ "$failed" = 0 ] || {
    echo "demo: not everything went as it should" >&2
    exit 1
}
