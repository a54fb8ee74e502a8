#!/bin/bash
# Compares TLS with the reference's in all ways: see the programs. Run by tests/setup/with_servers.sh.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
failed=0
run() {
    echo "tls: $*" >&2
    python3 "$here/$1" "${@:2}" || failed=1
}
run real_servers.py "$PQP_REF_LIB" "$PQP_LIB"
run real_servers.py --by-value "$PQP_LIB"
run cancel.py "$PQP_REF_LIB" "$PQP_LIB"
run context.py "$PQP_LIB"
run factory.py "$PQP_LIB"
run oauth.py "$PQP_REF_LIB" "$PQP_LIB"
run oauth.py --ours "$PQP_LIB"
run broken.py "$PQP_REF_LIB" "$PQP_LIB"
run records.py "$PQP_REF_LIB" "$PQP_LIB"
run api.py "$PQP_REF_LIB" "$PQP_LIB"
exit $failed
