#!/bin/bash
# Runs a command with a PostgreSQL 15 and an 18 server of its own, and stops them afterwards, also
# when interrupted. The command finds in its environment the variables of prepare.sh and, for each
# server, those of server.sh: PQP_DSN15 PQP_HOST15 PQP_PORT15 ... PQP_DSN18 ...; and PQP_LIB, the
# library under test (kept if set, else what `make` has built). libpq's own PG* variables are unset.
#
# usage: with_servers.sh COMMAND [ARGUMENT...]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}

take() {
    while IFS= read -r line; do [ -z "$line" ] || export "${line?}"; done <<<"$1"
}

settings=$("$here/prepare.sh")
take "$settings"
for name in $(compgen -e PG); do unset "$name"; done
export PQP_LIB=${PQP_LIB:-$(realpath -ms "$target/libpq-${PROFILE:-release}/lib/libpq.so.5")}

# short: a unix socket's path has at most 107 bytes
run=$(mktemp -d /tmp/pqp.XXXXXX)
chmod 755 "$run"
clean() {
    trap '' INT TERM HUP
    for version in 15 18; do
        [ ! -d "$run/$version" ] || "$here/server.sh" stop "$run/$version" || :
    done
    rm -rf "$run"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

for version in 15 18; do
    settings=$("$here/server.sh" start "$version" "$run/$version")
    take "$settings"
done
echo "set-up: servers: 15 on port $PQP_PORT15, 18 on port $PQP_PORT18 (sockets in $run)" >&2

# in the foreground: a command in the background would ignore ^C
"$@"
