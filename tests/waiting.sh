#!/bin/bash
# Connecting in programs that wait by a loop of their own: tests/waiting/run.py in the network of tests/waiting/network.sh.
#
# usage: waiting.sh INCLUDE LIBDIR [ONLY...|--bench]       run by tests/setup/with_servers.sh, as root
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
include=$(realpath "$1") lib=$(realpath "$2")
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! unshare --net --mount true 2>/dev/null; then
    [ -z "${CI:-}" ] || {
        echo "waiting: no namespaces can be made here" >&2
        exit 1
    }
    echo "waiting: SKIPPED: no namespaces can be made here (that takes root)" >&2
    exit 0
fi

settings=$("$here/interop/prepare.sh" psycopg3 greenlets ruby-pg node-libpq)
while IFS= read -r line; do export "${line?}"; done <<<"$settings"

uv=()
if pkg-config --exists libuv; then
    read -ra uv <<<"-DWITH_UV $(pkg-config --cflags --libs libuv)"
    export PQP_LOOPS_UV=1
fi
"${CC:-cc}" -O1 -g -Wall -Wextra -Werror -I"$include" "$here/waiting/loops.c" -o "$work/loops" -L"$lib" -lpq "${uv[@]}"
"${CC:-cc}" -O1 -g -Wall -Wextra -Werror -I"$include" "$here/waiting/endings.c" -o "$work/endings" -L"$lib" -lpq
"${CC:-cc}" -shared -fPIC -O1 -g -Wall -Wextra -Werror -I"$include" -I"$PQP_NODE_INCLUDE" "$here/waiting/node_addon.c" \
    -o "$work/addon.node" -L"$lib" -lpq
export PQP_NODE_ADDON=$work/addon.node
export LD_LIBRARY_PATH=$lib
if [ "${1:-}" = --bench ]; then
    "$here/waiting/network.sh" /usr/bin/python3 "$here/waiting/bench.py" "$work/loops" "$PQP_REF_ROOT/lib" "$lib"
    exit
fi
if [ $# = 0 ]; then
    timeout 300 "$work/endings" near
    timeout 300 "$here/waiting/promote.sh" "$work/loops"
fi
PQP_ENDINGS=$work/endings "$here/waiting/network.sh" /usr/bin/python3 "$here/waiting/run.py" "$work/loops" "$@"
