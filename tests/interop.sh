#!/bin/bash
# Programs and drivers of others, not changed, on our library and on the reference: what passes on
# the reference must pass on ours, and show the same.
#
# usage: interop.sh LIBDIR [CONSUMER...]       default: all of them; --list names them
#
# What is missing is installed (setup/prepare.sh, interop/prepare.sh); for each of the two libraries
# a PostgreSQL 15 and an 18 server are started; then interop/run.py runs the consumers, each on both
# libraries at the same time, and prints the table. All results stay in PQP_INTEROP_OUT (default:
# LIBDIR/../interop), the table in Markdown too; UPDATE_README=1 puts it into README.md.
#
# Fails when a test passes on the reference and not on ours, when a consumer cannot be set up or run,
# and when nothing shows that a consumer had the wanted library, and only that one, mapped.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
libdir=$(realpath "${1:?usage: interop.sh LIBDIR [CONSUMER...]}")
shift
if [ "${1:-}" = --list ]; then
    exec python3 "$here/interop/run.py" --list
fi

take() {
    while IFS= read -r line; do [ -z "$line" ] || export "${line?}"; done <<<"$1"
}
for name in $(compgen -e PG); do unset "$name"; done
unset LD_LIBRARY_PATH LD_PRELOAD

python3 "$here/interop/run.py" --check "$@"
settings=$("$here/setup/prepare.sh")
take "$settings"
settings=$("$here/interop/prepare.sh" "$@")
take "$settings"
export PQP_INTEROP_OUT=${PQP_INTEROP_OUT:-$(dirname "$libdir")/interop}

# short: a unix socket's path has at most 107 bytes
run=$(mktemp -d /tmp/pqpi.XXXXXX)
chmod 755 "$run"
clean() {
    trap '' INT TERM HUP
    for which in reference ours; do
        for version in 15 18; do
            [ ! -d "$run/$which/$version" ] || "$here/setup/server.sh" stop "$run/$which/$version" || :
        done
    done
    rm -rf "$run"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

${CC:-cc} -shared -fPIC -O1 -Wall -Wextra -o "$run/witness.so" "$here/setup/witness.c"
for which in reference ours; do
    # a directory with nothing but the library under test, where the servers' user can read it
    mkdir -p "$run/$which/lib"
    case $which in
    reference) cp -L "$PQP_REF_LIB" "$run/$which/lib/libpq.so.5" ;;
    ours) cp -L "$libdir/libpq.so.5" "$run/$which/lib/libpq.so.5" ;;
    esac
    chmod 755 "$run/$which/lib/libpq.so.5"
    for version in 15 18; do
        settings=$("$here/setup/server.sh" start "$version" "$run/$which/$version")
        sed 's/^PQP_/PQP_'"${which^^}"'_/' <<<"$settings" >>"$run/settings"
    done
done
take "$(cat "$run/settings")"

# in the foreground: a command in the background would ignore ^C
"$PQP_PYTHON" "$here/interop/run.py" --run "$run" "$@"
