#!/bin/bash
# A real primary with a real standby, and a host that is silent before them: who is found, before and after the standby is
# promoted and the primary stopped.
#
# usage: promote.sh LOOPS          the variables of prepare.sh must be set
set -euo pipefail
loops=$1
run=$(mktemp -d /tmp/pqpp.XXXXXX)
chmod 777 "$run"
port=$((20000 + RANDOM % 20000))

as_server_user() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && setpriv --reuid="$PQP_SERVER_USER" --regid="$(id -gn "$PQP_SERVER_USER")" --clear-groups -- \
            env -u LD_LIBRARY_PATH LC_ALL=C.UTF-8 "$@")
    else
        (cd / && env -u LD_LIBRARY_PATH LC_ALL=C.UTF-8 "$@")
    fi
}
control() { as_server_user "$PQP_BIN18/pg_ctl" -w -t 60 -s -l "$run/log-$1" -D "$run/$1" "${@:2}"; }
silent=
clean() {
    [ -z "$silent" ] || kill "$silent" || :
    for one in a b; do control "$one" -m immediate stop 2>/dev/null || :; done
    rm -rf "$run"
}
trap clean EXIT

as_server_user "$PQP_BIN18/initdb" -A trust -U postgres -N -D "$run/a" >/dev/null
control a -o "-k $run -p $port -c listen_addresses= -c fsync=off" start
as_server_user "$PQP_BIN18/pg_basebackup" -h "$run" -p "$port" -U postgres -R -c fast -D "$run/b"
mkdir "$run/b.socket" "$run/silent"
chmod 777 "$run/b.socket"
control b -o "-k $run/b.socket -p $port -c listen_addresses= -c fsync=off" start
python3 - "$run/silent/.s.PGSQL.$port" <<'PY' &
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(100)
time.sleep(600)
PY
silent=$!
while [ ! -S "$run/silent/.s.PGSQL.$port" ]; do sleep 0.05; done

# expect WHAT: the connection is up, and its server is no standby
hosts="host=$run/silent,$run/b.socket,$run port=$port user=postgres dbname=postgres target_session_attrs=primary"
expect() {
    local loop options
    for loop in blocking poll epoll-once; do
        for options in "host_probe=parallel" "host_probe=parallel connect_deadline_ms=20000" \
            "connect_timeout=1 connect_race_delay_ms=200 host_recheck_s=60" "connect_timeout=1"; do
            out=$("$loops" "$loop" connect "$hosts $options")
            case $out in
            up*) echo "ok - promote: $1: $loop, $options" ;;
            *)
                echo "not ok - promote: $1: $loop, $options: $out"
                exit 1
                ;;
            esac
        done
    done
}
expect "a primary behind its standby"
control b promote
control a -m fast stop
expect "the standby, promoted"
