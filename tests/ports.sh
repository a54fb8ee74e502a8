#!/bin/bash
# Type-checks the library for systems that are not here: what there is no Linux for (epoll, SO_PEERCRED, MSG_MORE, ...) has a
# way of its own, or falls away. Without TLS, whose cryptography is C that would want a compiler for that system.
#
# usage: ports.sh TARGET_DIR
#
# rustup fetches Rust's own library for a system once. Where it cannot, the system is skipped, which is said.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR=$1/ports RUSTFLAGS="-D warnings"
# The variadic shim is compiled for this machine: it is not linked.
export CRATE_CC_NO_DEFAULTS=1

for system in x86_64-unknown-freebsd x86_64-apple-darwin; do
    if [ ! -e "$(rustc --print target-libdir --target "$system")" ] &&
        ! timeout 180 rustup --quiet target add "$system" >/dev/null 2>&1; then
        echo "ports: SKIPPED: $system: there is no Rust library for it here, and rustup fetches none" >&2
        continue
    fi
    name=${system//-/_}
    env "CC_$name=${CC:-cc}" "AR_$name=ar" "${CARGO:-cargo}" check --quiet --lib --no-default-features --target "$system"
    echo "ports: $system: type-checked" >&2
done
