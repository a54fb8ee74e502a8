#!/bin/bash
# Fetches and builds the programs of others that tests/interop.sh runs, says what it does on standard
# error, and prints what there is on standard output, one KEY=VALUE a line:
#
#   PQP_PSYCOPG2      psycopg2 as built from its sdist, and its tests: lib/ and src/
#   PQP_PYGRESQL      PyGreSQL likewise
#   PQP_PSYCOPG3      the pure-Python psycopg and what it imports, unpacked
#   PQP_GREENLETS     gevent and eventlet and what they import, unpacked (for tests/waiting.sh: only when named, "greenlets")
#   PQP_NODE_LIBPQ    an npm tree with libpq (built) and what its tests need
#   PQP_NODE_INCLUDE  node's headers, of its libuv too
#   PQP_PQXX_RUNNER   libpqxx's own tests, compiled against Debian's libpqxx
#   PQP_QT_PROGRAM    interop/qt_qpsql.cpp, compiled
#   PQP_ODBC_PROGRAM  interop/psqlodbc.c, compiled
#
# usage: prepare.sh [CONSUMER...]      default: all; wants the variables of setup/prepare.sh
#
# Only what is missing is installed: Debian's packages by apt-get (as root, or through sudo), Python
# and npm packages by pip and npm, each checked against a checksum. What is fetched and built is
# kept in the cache ($PQP_CACHE/interop), under names that change with versions and compilers.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

PSYCOPG2=psycopg2==2.9.13
PSYCOPG2_SHA256=d36784fc2dae69523ba4b79c7d1d1b4d6e83e87836874f111262f4db940b16a6
PYGRESQL=PyGreSQL==6.2.3
PYGRESQL_SHA256=c1209732eca102cf46a15b794b5bdcd90b204835c49b6b9221da979c31da0eb8
PSYCOPG3=psycopg==3.3.9
PSYCOPG3_SHA256=d2d7d04a1ce6dab4f5b27316bea3b52585cafa2f2d631e5b09dd69823f5c26f6
TYPING=typing_extensions==4.15.0
TYPING_SHA256=f0fa19c6845758ab08074a0cfa8b7aecb71c999ca73d62883bc25cc018c4e548
GREENLETS="gevent==26.9.0 8e47e8c24135936bc01198f93aa97061e543a8b0d7a339d34182c35901b41da0
eventlet==0.41.3 839ed5711fff67034e46dedf4b41cf33f8378fca541e866621895fc186933e1d
greenlet==3.5.6 1c20ea32a73d17b9b60e3371240e17b0068120c98a5ec01a224a7dd8c89733ba
zope.event==6.2 5e755153ac4faf64c10a4b6dd3307680166a3edf65b38df22df592610f8fa874
zope.interface==8.7 1613beb1fb1b4f457818c5443e985142ec9e71af391bfb26e583e0353f206792
dnspython==2.9.2 af15f7d385a6ae2fb35a796fde2138004c8c42c7389090e2addc83e3b3340fd8"
PQXX=6.4.5
PQXX_SHA256=86921fdb0fe54495a79d5af2c96f2c771098c31e9b352d0834230fd2799ad362

say() { echo "interop set-up: $*" >&2; }
fail() {
    echo "interop set-up: $*" >&2
    exit 1
}

wanted=" $* "
want() { [ "$wanted" = "  " ] || [[ $wanted == *" $1 "* ]]; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "packages are missing and neither root nor sudo is here; run as root: apt-get install ${missing[*]}"
    fi
}

# ---- Debian's packages ----

missing=()
need() { # FILE-OR-PATTERN PACKAGE...
    compgen -G "$1" >/dev/null || missing+=("${@:2}")
}
if want psycopg2 || want pygresql; then
    need '/usr/include/python3*/Python.h' python3-dev
    need /usr/lib/python3/dist-packages/setuptools python3-setuptools
fi
if want dbd-pg; then need '/usr/lib/*/perl5/*/DBD/Pg.pm' libdbd-pg-perl; fi
if want ruby-pg; then
    need /usr/bin/ruby ruby
    need '/usr/lib/*/ruby/vendor_ruby/*/pg_ext.so' ruby-pg
fi
if want php-pgsql || want php-pdo_pgsql; then
    need '/usr/bin/php8*' php8.2-cli
    need '/usr/lib/php/*/pgsql.so' php8.2-pgsql
fi
if want node-libpq; then
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
    # a node from elsewhere brings its headers along
    need '/usr/include/node*/node.h' libnode-dev
    command -v make >/dev/null || missing+=(make)
fi
if want libpqxx; then
    need /usr/include/pqxx/pqxx libpqxx-dev
    command -v dpkg-source >/dev/null || missing+=(dpkg-dev)
fi
if want psqlodbc; then
    need '/usr/lib/*/odbc/psqlodbcw.so' odbc-postgresql
    need /usr/bin/isql unixodbc
    need /usr/include/sql.h unixodbc-dev
fi
if want qt-qpsql; then
    need '/usr/lib/*/qt5/plugins/sqldrivers/libqsqlpsql.so' libqt5sql5-psql
    need '/usr/include/*/qt5/QtSql/QtSql' qtbase5-dev
fi
if want gdal; then need /usr/bin/ogr2ogr gdal-bin; fi
if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || fail "missing here, and there is no apt-get to install it: ${missing[*]}"
    say "installing by apt-get: ${missing[*]}"
    log=$(mktemp)
    as_root apt-get update >"$log" 2>&1 || say "apt-get update failed (is there a network?), trying with the lists there are"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        "${missing[@]}" >>"$log" 2>&1 </dev/null || {
        tail -n 15 "$log" >&2
        rm -f "$log"
        fail "apt-get could not install: ${missing[*]} (is there a network? is this Debian 12?)"
    }
    rm -f "$log"
fi

# ---- the cache ----

cache=${PQP_CACHE:?run setup/prepare.sh first}/interop
(umask 022 && mkdir -p "$cache/download")
exec 9>"$cache/lock"
flock -n 9 || {
    say "waiting for another set-up to end"
    flock 9
}
work=$(mktemp -d "$cache/unpack.XXXXXX")
trap 'rm -rf "$work"' EXIT

# run WHAT COMMAND...: quiet, unless it fails
run() {
    local what=$1
    shift
    "$@" >"$work/log" 2>&1 </dev/null || {
        tail -n 25 "$work/log" >&2
        fail "$what failed"
    }
}

# keep TREE DIR: a finished tree takes its place in the cache, whole or not at all
keep() {
    chmod -R go+rX "$1"
    rm -rf "$2"
    mv -T "$1" "$2"
}

check_sum() { # FILE SHA256
    local got
    got=$(sha256sum "$1" | cut -d' ' -f1)
    [ "$got" = "$2" ] || fail "${1##*/} has SHA-256 $got, expected $2"
}

# fetched_by_pip NAME==VERSION SHA256 OPTION...: puts the path of the downloaded file into $file
fetched_by_pip() {
    local dir=$cache/download/$1
    if [ ! -d "$dir" ]; then
        python3 -m pip --version >/dev/null 2>&1 || /usr/bin/python3 -m pip --version >/dev/null 2>&1 || {
            run "installing pip" as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-pip
        }
        local python=/usr/bin/python3
        $python -m pip --version >/dev/null 2>&1 || python=python3
        say "fetching $1 by pip"
        run "pip download $1" env PATH="$PQP_REF_ROOT/bin:$PATH" $python -m pip download --no-deps "${@:3}" --dest "$work/pip" "$1"
        check_sum "$work"/pip/* "$2"
        mv -T "$work/pip" "$dir"
    fi
    file=$(echo "$dir"/*)
    check_sum "$file" "$2"
}

python_tag=$(/usr/bin/python3 -c 'import sys; print(sys.version.split()[0])')
compiler_tag=$(${CXX:-c++} -dumpfullversion)

# built_sdist NAME NAME==VERSION SHA256: a driver for Python built from its sdist; puts its place into $dir
built_sdist() {
    fetched_by_pip "$2" "$3" --no-binary=:all: --no-build-isolation
    dir=$cache/$1-${3:0:12}-$python_tag
    if [ ! -d "$dir" ]; then
        say "building $2"
        mkdir -p "$work/$1/src"
        tar -xzf "$file" --no-same-owner --strip-components=1 -C "$work/$1/src"
        # the tests, where the sources of the modules they import are not beside them
        ln -s src/tests "$work/$1/tests"
        run "building $1" env -C "$work/$1/src" PATH="$PQP_REF_ROOT/bin:$PATH" \
            /usr/bin/python3 setup.py -q build --build-lib ../lib --build-temp ../temp
        keep "$work/$1" "$dir"
    fi
}

if want psycopg2; then
    built_sdist psycopg2 "$PSYCOPG2" "$PSYCOPG2_SHA256"
    echo "PQP_PSYCOPG2=$dir"
fi

if want pygresql; then
    built_sdist pygresql "$PYGRESQL" "$PYGRESQL_SHA256"
    echo "PQP_PYGRESQL=$dir"
fi

if want psycopg3; then
    fetched_by_pip "$PSYCOPG3" "$PSYCOPG3_SHA256" --only-binary=:all:
    wheel=$file
    fetched_by_pip "$TYPING" "$TYPING_SHA256" --only-binary=:all:
    dir=$cache/psycopg3-${PSYCOPG3_SHA256:0:12}
    if [ ! -d "$dir" ]; then
        mkdir "$work/psycopg3"
        python3 -m zipfile -e "$wheel" "$work/psycopg3"
        python3 -m zipfile -e "$file" "$work/psycopg3"
        keep "$work/psycopg3" "$dir"
    fi
    echo "PQP_PSYCOPG3=$dir"
fi

if [[ $wanted == *" greenlets "* ]]; then
    dir=$cache/greenlets-$(sha256sum <<<"$GREENLETS" | cut -c1-12)
    if [ ! -d "$dir" ]; then
        mkdir "$work/greenlets"
        # the Python of Debian 12, whose psycopg2 they serve
        while read -r spec sha; do
            fetched_by_pip "$spec" "$sha" --only-binary=:all: --python-version 3.11 --implementation cp \
                --platform manylinux_2_28_x86_64 --platform manylinux_2_24_x86_64 --platform manylinux2014_x86_64
            python3 -m zipfile -e "$file" "$work/greenlets"
        done <<<"$GREENLETS"
        keep "$work/greenlets" "$dir"
    fi
    echo "PQP_GREENLETS=$dir"
fi

if want node-libpq; then
    # the headers of the node that is installed
    headers=$(echo /usr/include/node*/node.h | cut -d' ' -f1)
    dir=$cache/node-libpq-$(sha256sum "$here/node/package-lock.json" | cut -c1-12)-$(node --version)
    if [ ! -d "$dir" ]; then
        say "fetching and building npm's libpq"
        mkdir "$work/node"
        cp "$here/node/package.json" "$here/node/package-lock.json" "$work/node/"
        # npm checks each package against the checksum in package-lock.json
        run "npm ci" npm ci --prefix "$work/node" --ignore-scripts --no-audit --no-fund
        gyp=$(npm root -g 2>/dev/null)/npm/node_modules/node-gyp/bin/node-gyp.js
        [ -e "$gyp" ] || gyp=$(command -v node-gyp) || fail "no node-gyp here: neither npm's nor Debian's"
        # --nodedir: instead of fetching some
        nodedir=/usr
        [ "$headers" = /usr/include/node/node.h ] || nodedir=${headers%/node.h}
        run "node-gyp rebuild" env -C "$work/node/node_modules/libpq" PATH="$PQP_REF_ROOT/bin:$PATH" \
            node "$gyp" rebuild --nodedir="$nodedir"
        keep "$work/node" "$dir"
    fi
    echo "PQP_NODE_LIBPQ=$dir"
    echo "PQP_NODE_INCLUDE=${headers%/node.h}"
fi

if want libpqxx; then
    dir=$cache/libpqxx-${PQXX_SHA256:0:12}-$compiler_tag
    file=$cache/download/libpqxx_$PQXX.orig.tar.gz
    if [ ! -e "$file" ]; then
        say "fetching libpqxx's source by apt-get"
        mkdir -p "$work/apt/parts" "$work/apt/lists/partial" "$work/apt/source"
        # Debian's own sources, as this machine has them set up, but for their source packages
        for list in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
            [ -e "$list" ] || continue
            name=${list##*/}
            [ "$name" != sources.list ] || name=main.list
            sed -e 's/^Types:.*/Types: deb-src/' -e 's/^deb /deb-src /' "$list" >"$work/apt/parts/$name"
        done
        apt_options=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/apt/parts"
            -o "Dir::State::lists=$work/apt/lists" -o APT::Sandbox::User=root)
        run "apt-get update for sources" as_root apt-get "${apt_options[@]}" update
        run "apt-get source libpqxx" env -C "$work/apt/source" apt-get "${apt_options[@]}" source --download-only libpqxx
        check_sum "$work/apt/source/libpqxx_$PQXX.orig.tar.gz" "$PQXX_SHA256"
        mv "$work/apt/source/libpqxx_$PQXX.orig.tar.gz" "$file"
    fi
    check_sum "$file" "$PQXX_SHA256"
    if [ ! -d "$dir" ]; then
        say "compiling libpqxx's own tests (a minute or two)"
        mkdir -p "$work/pqxx"
        tar -xzf "$file" --no-same-owner --strip-components=1 -C "$work/pqxx"
        run "compiling libpqxx's tests" make -C "$work/pqxx" -f "$here/libpqxx.mk" -j"$(nproc)" \
            CXX="${CXX:-c++}" INCLUDE="$("$PQP_REF_ROOT/bin/pg_config" --includedir)"
        keep "$work/pqxx" "$dir"
    fi
    echo "PQP_PQXX_RUNNER=$dir/runner"
fi

if want qt-qpsql; then
    dir=$cache/qt-$(cat "$here/qt_qpsql.cpp" - <<<"$compiler_tag" | sha256sum | cut -c1-12)
    if [ ! -d "$dir" ]; then
        mkdir "$work/qt"
        # shellcheck disable=SC2046  # options are words
        run "compiling qt_qpsql.cpp" ${CXX:-c++} -std=c++17 -O1 -Wall -Wextra -fPIC -o "$work/qt/qt_qpsql" \
            "$here/qt_qpsql.cpp" $(pkg-config --cflags --libs Qt5Core Qt5Sql)
        keep "$work/qt" "$dir"
    fi
    echo "PQP_QT_PROGRAM=$dir/qt_qpsql"
fi

if want psqlodbc; then
    dir=$cache/odbc-$(cat "$here/psqlodbc.c" - <<<"$compiler_tag" | sha256sum | cut -c1-12)
    if [ ! -d "$dir" ]; then
        mkdir "$work/odbc"
        run "compiling psqlodbc.c" ${CC:-cc} -std=c11 -O1 -Wall -Wextra -o "$work/odbc/psqlodbc" "$here/psqlodbc.c" -lodbc
        keep "$work/odbc" "$dir"
    fi
    echo "PQP_ODBC_PROGRAM=$dir/psqlodbc"
fi
