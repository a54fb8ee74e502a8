#!/bin/bash
# Starts and stops throwaway PostgreSQL servers.
#
# usage: server.sh start 15|18 DIR    prints KEY=VALUE lines; DIR is empty or not there yet
#        server.sh stop DIR           stops the server by its process id and removes DIR
# Wants the variables that prepare.sh prints. For version 18, start prints
#
#   PQP_HOST18   directory of its unix socket
#   PQP_PORT18   its port, on the unix socket and on TCP, 127.0.0.1 (and ::1 where there is one)
#   PQP_DSN18    conninfo of a superuser over the unix socket: user postgres, database postgres
#   PQP_LOG18    the server's log
#   PQP_PID18    its process id
#   PQP_CERTIFICATES   the directory of certificates.sh, the same for both versions
#
# and for 15 the same with 15. How a user logs in goes by the name, the same on the unix socket and
# on TCP (tests/setup/pg_hba.conf); the password of pqp_x is "pw-x":
#
#   postgres pqp_trust     trust
#   pqp_password           password, in clear
#   pqp_md5                md5, stored as an MD5 hash
#   pqp_scram              scram-sha-256
#   pqp_saslprep           scram-sha-256, password U+2168 U+00AA, which SASLprep makes "IXa"
#   pqp_reject             reject
#   pqp_hostssl            trust, over TCP and only under TLS
#   pqp_hostnossl          trust, over TCP and only without TLS
#   tlsuser                cert, over TCP: the clients' certificates are for this name
#   pqp_clientcert         trust, over TCP with any of these certificates
#   pqp_oauth              oauth, 18 only, by the validator of oauth_validator.c; it must be the token's identity
#   pqp_oauth_any          the same, whosever the token is, and with another scope
#   anybody else           no line: refused
#
# Over TCP the servers speak TLS with certificates.sh's server.crt, and trust its root.crt.
#
# fsync is off, wal_level logical, messages in English, time zone UTC. initdb runs once for each
# version and is kept in the cache as a template, which is copied for each server.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

say() { echo "server: $*" >&2; }
fail() {
    echo "server: $*" >&2
    exit 1
}

as_server_user() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && setpriv --reuid="$PQP_SERVER_USER" --regid="$(id -gn "$PQP_SERVER_USER")" \
            --clear-groups -- env -u PGPASSWORD -u PGSERVICE -u PGOPTIONS LC_ALL=C.UTF-8 "$@")
    else
        (cd / && env -u PGPASSWORD -u PGSERVICE -u PGOPTIONS LC_ALL=C.UTF-8 "$@")
    fi
}

# sh's own kill: a small system may have no /bin/kill
signal() { as_server_user sh -c 'kill "$1" "$2"' kill "$1" "$2" 2>/dev/null; }

# ready DATA PORT: process id of the server that runs there, once it accepts connections
ready() {
    as_server_user cat "$1/postmaster.pid" 2>/dev/null |
        awk -v data="$1" -v port="$2" 'NR == 1 { pid = $1 } NR == 2 { here = ($0 == data) }
            NR == 4 { here = here && $1 == port } /^ready/ && here { print pid }' || :
}

# launch BIN DATA SOCKETDIR PORT LOG: 0 when it accepts connections; leaves its process id in $pid
launch() {
    local bin=$1 data=$2 sockets=$3 port=$4 log=$5 tries
    # setsid: a ^C at the terminal is the caller's to act on. No descriptor of ours may stay open
    # in it, or whoever reads our output waits for the server's end.
    as_server_user sh -c 'exec setsid "$@" >"$0" 2>&1' "$log" \
        "$bin/postgres" -D "$data" -p "$port" -k "$sockets" </dev/null >/dev/null 2>&1 8>&- 9>&- &
    local job=$!
    for ((tries = 0; tries < 600; tries++)); do
        pid=$(ready "$data" "$port")
        if [ -n "$pid" ]; then
            disown "$job" 2>/dev/null || :
            return 0
        fi
        kill -0 "$job" 2>/dev/null || return 1
        sleep 0.05
    done
    kill -QUIT "$job" 2>/dev/null || :
    return 1
}

# halt DATA: fast shutdown by process id
halt() {
    local pid tries
    pid=$(as_server_user head -n 1 "$1/postmaster.pid" 2>/dev/null || :)
    [ -n "$pid" ] || return 0
    signal -INT "$pid" || return 0
    for ((tries = 0; tries < 200; tries++)); do
        signal -0 "$pid" || return 0
        [ "$tries" != 150 ] || signal -QUIT "$pid" || :
        sleep 0.05
    done
    say "the server $pid does not stop"
    return 1
}

# certificates: prints the directory they are in; made once, and kept in the cache
certificates() {
    local dir
    dir=$PQP_CACHE/certificates-$(id -un)-$(sha256sum <"$here/certificates.sh" | cut -c1-12)
    [ -e "$dir/.complete" ] || say "making certificates (once)"
    "$here/certificates.sh" "$dir" >&2 || fail "certificates.sh failed"
    echo "$dir"
}

# validator BIN: prints the path of oauth_validator.c, compiled for that server; made once, and kept in the cache
validator() {
    local file include
    include=$("$1/pg_config" --includedir-server)
    file=$PQP_CACHE/oauth-validator-$("$1/postgres" --version | cat - "$here/oauth_validator.c" | sha256sum | cut -c1-12).so
    if [ ! -e "$file" ]; then
        "${CC:-cc}" -shared -fPIC -O1 -Wall -Wextra -Werror -I"$include" -o "$file.$$" "$here/oauth_validator.c" >&2 ||
            fail "oauth_validator.c does not compile"
        chmod 755 "$file.$$"
        mv "$file.$$" "$file"
    fi
    echo "$file"
}

# template VERSION BIN: prints the directory of a data directory to copy
template() {
    local version=$1 bin=$2 key home dir work pid=
    local certificates
    certificates=$(certificates)
    local validator=
    [ "$version" != 18 ] || validator=$(validator "$bin")
    key=$("$bin/postgres" --version |
        cat - <(echo "$validator") "$here/server.sh" "$here/pg_hba.conf" "$certificates/server.crt" | sha256sum | cut -c1-12)
    home=$PQP_CACHE/clusters-$PQP_SERVER_USER
    dir=$home/$version-$key
    if [ ! -d "$home" ]; then
        mkdir -m 700 "$home"
        chown "$PQP_SERVER_USER" "$home" 2>/dev/null || :
    fi
    exec 8>"$PQP_CACHE/clusters.lock"
    flock 8
    if ! as_server_user test -d "$dir"; then
        say "making a PostgreSQL $version cluster to copy from (once)"
        work=$(as_server_user mktemp -d "$home/making.XXXXXX")
        as_server_user "$bin/initdb" -D "$work/data" -U postgres -A trust -E UTF8 \
            --locale=C.UTF-8 --no-sync --no-instructions >/dev/null
        as_server_user cp "$here/pg_hba.conf" "$work/data/pg_hba.conf" 2>/dev/null ||
            as_server_user tee "$work/data/pg_hba.conf" <"$here/pg_hba.conf" >/dev/null
        local file
        for file in server.crt server.key root.crt; do
            (cd / && as_server_user sh -c 'umask 077 && cat >"$1"' sh "$work/data/$file") <"$certificates/$file"
        done
        as_server_user tee -a "$work/data/postgresql.conf" >/dev/null <<'END'
listen_addresses = 'localhost'
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 64MB
max_connections = 100
max_prepared_transactions = 10
wal_level = logical
max_wal_senders = 10
timezone = 'UTC'
lc_messages = 'C'
log_min_messages = warning
autovacuum = off
jit = off
ssl = on
ssl_ca_file = 'root.crt'
END
        if [ -n "$validator" ]; then
            echo "oauth_validator_libraries = '$validator'" | as_server_user tee -a "$work/data/postgresql.conf" >/dev/null
            as_server_user tee -a "$work/data/pg_hba.conf" >/dev/null <<'END'
local   all             pqp_oauth                       oauth issuer="https://issuer.test" scope="openid who"
host    all             pqp_oauth             samehost  oauth issuer="https://issuer.test" scope="openid who"
local   all             pqp_oauth_any                   oauth issuer="https://issuer.test" scope="any" delegate_ident_mapping=1
host    all             pqp_oauth_any         samehost  oauth issuer="https://issuer.test" scope="any" delegate_ident_mapping=1
END
        fi
        local sockets log
        sockets=$(as_server_user mktemp -d /tmp/pqp-make.XXXXXX)
        log=$work/log
        launch "$bin" "$work/data" "$sockets" "$(free_port)" "$log" || {
            as_server_user cat "$log" >&2
            fail "the PostgreSQL $version server does not start"
        }
        as_server_user env LD_LIBRARY_PATH="${PQP_REF_ROOT:-}/lib" PGPORT="$(as_server_user sed -n 4p "$work/data/postmaster.pid")" \
            "$bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$sockets" -U postgres -d postgres >&2 <<'END'
CREATE ROLE pqp_trust LOGIN PASSWORD 'pw-trust';
CREATE ROLE pqp_password LOGIN PASSWORD 'pw-password';
CREATE ROLE pqp_scram LOGIN PASSWORD 'pw-scram';
CREATE ROLE pqp_saslprep LOGIN PASSWORD U&'\2168\00AA';
CREATE ROLE pqp_reject LOGIN PASSWORD 'pw-reject';
CREATE ROLE pqp_hostssl LOGIN;
CREATE ROLE pqp_hostnossl LOGIN;
CREATE ROLE tlsuser LOGIN;
CREATE ROLE pqp_clientcert LOGIN;
CREATE ROLE pqp_oauth LOGIN;
CREATE ROLE pqp_oauth_any LOGIN;
SET client_min_messages = error;
SET password_encryption = 'md5';
CREATE ROLE pqp_md5 LOGIN PASSWORD 'pw-md5';
END
        halt "$work/data" || fail "the PostgreSQL $version server does not stop"
        as_server_user rm -rf "$sockets"
        ! as_server_user test -e "$work/data/postmaster.pid" || fail "the template is still running"
        as_server_user mv -T "$work/data" "$dir"
        as_server_user rm -rf "$work"
    fi
    flock -u 8
    echo "$dir"
}

# A port nobody listens on now; whoever loses a race for it tries another.
free_port() {
    python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

start() {
    local version=$1 dir=$2 bin from port tries pid=
    case $version in
    15) bin=${PQP_BIN15:?run prepare.sh first} ;;
    18) bin=${PQP_BIN18:?run prepare.sh first} ;;
    *) fail "no PostgreSQL $version here" ;;
    esac
    from=$(template "$version" "$bin")
    mkdir -p "$dir"
    chmod 755 "$dir"
    [ "$(id -u)" != 0 ] || chown "$PQP_SERVER_USER" "$dir"
    as_server_user cp -a "$from" "$dir/data"
    for tries in 1 2 3 4 5; do
        port=$(free_port)
        if launch "$bin" "$dir/data" "$dir" "$port" "$dir/log"; then
            echo "PQP_HOST$version=$dir"
            echo "PQP_PORT$version=$port"
            echo "PQP_DSN$version=host=$dir port=$port user=postgres dbname=postgres"
            echo "PQP_LOG$version=$dir/log"
            echo "PQP_PID$version=$pid"
            echo "PQP_CERTIFICATES=$(certificates)"
            return 0
        fi
    done
    as_server_user cat "$dir/log" >&2 || :
    fail "the PostgreSQL $version server does not start"
}

case ${1:-} in
start) start "${2:?}" "${3:?}" ;;
stop)
    halt "${2:?}/data"
    rm -rf "$2"
    ;;
*) fail "usage: server.sh start 15|18 DIR, or: server.sh stop DIR" ;;
esac
