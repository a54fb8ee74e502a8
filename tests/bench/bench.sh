#!/bin/bash
# Builds the benchmark's programs, puts each library into a directory of its own, and runs run.py on
# them (or growth.py, as the first argument says).
#
#   tests/setup/with_servers.sh tests/bench/bench.sh run.py|growth.py [ARGUMENT...]
#
# Wants what with_servers.sh gives, PQP_REF2_LIB among it, and PQP_LIB.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
script=${1:?usage: bench.sh run.py|growth.py [ARGUMENT...]}
shift
for tool in valgrind strace; do
    command -v $tool >/dev/null || {
        echo "bench: there is no $tool: tests/setup/prepare.sh tools" >&2
        exit 1
    }
done
work=$(mktemp -d /tmp/pqpb.XXXXXX)
trap 'rm -rf "$work"' EXIT

mkdir "$work"/{ours,reference,psycopg,debian15}
cp -L "$PQP_LIB" "$work/ours/libpq.so.5"
ln -s "$PQP_REF_LIB" "$work/reference/libpq.so.5"
# its companions are found beside it
ln -s "$(dirname "$PQP_REF2_LIB")"/* "$work/psycopg/"
ln -s "$PQP_REF2_LIB" "$work/psycopg/libpq.so.5"
system=$(ldd "$PQP_BIN15/psql" | sed -n 's/.*libpq\.so\.5 => \([^ ]*\).*/\1/p')
ln -s "$system" "$work/debian15/libpq.so.5"

flags=(-O2 -Wall -Wextra)
${CC:-cc} "${flags[@]}" -I"$here/../../include" -o "$work/bench" \
    "$here"/{main,queries,rows,copying,bulk,connecting,growing}.c -L"$work/ours" -l:libpq.so.5
${CC:-cc} "${flags[@]}" -shared -fPIC -o "$work/allocs.so" "$here/allocs.c"
for one in load floor; do
    ${CC:-cc} "${flags[@]}" -o "$work/$one" "$here/$one.c"
done
${CC:-cc} "${flags[@]}" -D_GNU_SOURCE -o "$work/canned" "$here/canned.c"

python3 "$here/$script" "$work" "$@"
