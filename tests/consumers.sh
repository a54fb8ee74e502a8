#!/bin/bash
# Stock programs on our library and on the reference: same programs, same servers, same output.
#
# usage: with_servers.sh consumers.sh LIBDIR [REFERENCE_LIBDIR]
#
# psql, createdb, pgbench, pg_dump, pg_restore, vacuumdb, dropdb of PostgreSQL 15 (Debian) and 18,
# and Debian's psycopg2, none of them changed, each on the servers 15 and 18: once with the
# libpq.so.5 of REFERENCE_LIBDIR (default: the reference) and once with that of LIBDIR. Exit codes
# and output are compared, after times, process ids and OIDs have been made alike. That a program
# really had the library is read from its /proc/PID/maps (setup/witness.c). A program that takes
# longer than PQP_TIMEOUT seconds (default 60) is killed, and that shows as a difference.
#
# The transcripts stay in PQP_TRANSCRIPTS if that is set.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
ours=$(realpath "${1:?usage: consumers.sh LIBDIR [REFERENCE_LIBDIR]}/libpq.so.5")
reference=$(realpath "${2:-${PQP_REF_ROOT:?run it by with_servers.sh}/lib}/libpq.so.5")
limit=${PQP_TIMEOUT:-60}

work=$(mktemp -d /tmp/pqpc.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
out=${PQP_TRANSCRIPTS:-$work/transcripts}
mkdir -p "$out"
${CC:-cc} -shared -fPIC -O1 -Wall -Wextra -o "$work/witness.so" "$here/setup/witness.c"

# What differs from run to run, made alike. (A restrict key is a random word of pg_dump's; from
# 15.20 on the server gives each column a random pg_attver, which an older pg_dump shows.)
alike() {
    sed -E -e "s#$host#SOCKETS#g" -e "s#\\b$port\\b#PORT#g" -e "s#$scratch#SCRATCH#g" \
        -e "s#$here/##g" \
        -e 's/[0-9]+\.[0-9]+ (s|ms)\b/N \1/g' -e 's/(tps = )[0-9.]+/\1N/' \
        -e 's/(done in |elapsed |remaining |create |vacuum |generate |keys )N/\1N/g' \
        -e 's/(server process|backend with) (PID|pid) [0-9]+/\1 PID/g' \
        -e 's/\(PID [0-9]+\)/(PID)/g' -e 's/(PID|pid) of [0-9]+/\1/g' \
        -e 's/(with PID|PID) [0-9]+/\1 N/g' -e 's/(Backend PID +\|) [0-9]+/\1 N/' \
        -e 's/^(lo_import|lo_unlink|Large object exported) [0-9]+/\1 OID/' \
        -e 's/(pg_attver=)[0-9]+/\1N/g' -e 's/^\\(un)?restrict .*/\\\1restrict KEY/' \
        -e 's/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) .* \(every/DATE (every/' \
        -e 's/^; +Archive created at .*/; Archive created at DATE/' \
        -e 's/^([0-9]+; [0-9]+ )[0-9]+ /\1OID /'
}

# run NAME COMMAND...: one program, its transcript in NAME
run() {
    local name=$1 status=0
    shift
    {
        echo "\$ ${1##*/} ${*:2}"
        LD_LIBRARY_PATH=$libdir LD_PRELOAD=$work/witness.so PQP_WITNESS=$witness \
            timeout --kill-after=5 "$limit" "$@" 2>&1 </dev/null || status=$?
        echo "exit code $status"
    } | alike >>"$transcript/$name"
}

# scenario BIN MAJOR: everything, with the programs of one version on one server
scenario() {
    local bin=$1 client=$2 db="host=$host port=$port user=postgres"
    local in_db="$db dbname=consumers"
    export PGHOST=$host PGPORT=$port PGUSER=postgres PGDATABASE=consumers PGTZ=UTC
    export LC_ALL=C.UTF-8 PSQLRC=/dev/null

    run 01-createdb "$bin/createdb" -e consumers
    run 01-createdb "$bin/createdb" -e "a database" "with a comment"
    run 01-createdb "$bin/createdb" -e consumers
    run 02-psql "$bin/psql" -X -a -b -f "$here/consumers/main.sql" -v scratch="$scratch" "$in_db"
    if [ "$client" -ge 18 ]; then
        run 03-psql-new "$bin/psql" -X -a -f "$here/consumers/newer.sql" "$in_db"
    fi
    run 04-psql-errors "$bin/psql" -X -v VERBOSITY=verbose -c 'select 1/0' "$in_db"
    run 04-psql-errors "$bin/psql" -X -v VERBOSITY=sqlstate -c 'select * from nowhere' "$in_db"
    run 04-psql-errors "$bin/psql" -X -v VERBOSITY=terse -c 'select * fro nowhere' "$in_db"
    run 04-psql-errors "$bin/psql" -X -c 'select pg_terminate_backend(pg_backend_pid())' "$in_db"
    run 04-psql-errors "$bin/psql" -X -1 -v ON_ERROR_STOP=1 -c 'create table gone()' -c 'oops' "$in_db"
    run 05-psql-connect "$bin/psql" -X "$db dbname=absent" -c 'select 1'
    run 05-psql-connect "$bin/psql" -X "host=$scratch port=$port" -c 'select 1'
    run 05-psql-connect "$bin/psql" -X "host=127.0.0.1 port=1" -c 'select 1'
    run 05-psql-connect "$bin/psql" -X "host=127.0.0.1,$host port=1,$port dbname=postgres" -c '\conninfo'
    run 05-psql-connect "$bin/psql" -X "no_such_option=1" -c 'select 1'
    run 05-psql-connect "$bin/psql" -X "postgresql://pqp_scram:pw-scram@127.0.0.1:$port/postgres?application_name=uri" \
        -At -c "select current_user, current_setting('application_name')"
    run 05-psql-connect "$bin/psql" -X "postgresql://pqp_scram:wrong@127.0.0.1:$port/postgres" -c 'select 1'
    run 05-psql-connect "$bin/psql" -X -w "$db dbname=postgres user=pqp_scram" -c 'select 1'
    for way in password md5 scram; do
        run 05-psql-connect env PGPASSWORD="pw-$way" "$bin/psql" -X -At -c 'select current_user' \
            "host=127.0.0.1 port=$port user=pqp_$way dbname=postgres"
        run 05-psql-connect env PGPASSWORD="pw-$way" "$bin/psql" -X -At -c 'select current_user' \
            "host=$host port=$port user=pqp_$way dbname=postgres require_auth=scram-sha-256"
    done
    run 05-psql-connect "$bin/psql" -X "$db user=pqp_reject dbname=postgres" -c 'select 1'
    run 05-psql-connect "$bin/psql" -X "$db dbname=postgres target_session_attrs=read-write" -At -c 'select 1'
    run 05-psql-connect "$bin/psql" -X "$db dbname=postgres target_session_attrs=standby" -At -c 'select 1'
    run 06-psql-list "$bin/psql" -X -l "$db dbname=postgres"

    run 10-pgbench-init "$bin/pgbench" -i -s 2 --foreign-keys
    # before the runs: a table's rows are then in an order that does not depend on the clients
    run 20-pg_dump "$bin/pg_dump" --no-sync -Fd -j 2 -f "$scratch/dump" "$in_db"
    run 20-pg_dump ls "$scratch/dump"
    run 21-pg_restore "$bin/pg_restore" -l "$scratch/dump"
    run 21-pg_restore "$bin/pg_restore" -j 2 -d "$db dbname='a database'" "$scratch/dump"
    run 22-pg_dump-plain "$bin/pg_dump" -Fp -f "$scratch/plain" "$in_db"
    run 22-pg_dump-plain "$bin/pg_dump" -Fp -f "$scratch/restored" "$db dbname='a database'"
    run 22-pg_dump-plain sh -c "cd $scratch; for f in plain restored; do
        sed -e '/^.\(un\)*restrict /d' -e 's/pg_attver=[0-9]*/pg_attver=N/' \$f >\$f.sql; done; md5sum plain.sql restored.sql"
    run 22-pg_dump-plain "$bin/pg_dump" --inserts -t fruit "$in_db"
    run 23-pg_dump-errors "$bin/pg_dump" "$db dbname=absent"
    run 23-pg_dump-errors "$bin/pg_dump" -t nowhere "$in_db"

    for mode in simple extended prepared; do
        run "11-pgbench-$mode" "$bin/pgbench" -n -M "$mode" -c 8 -j 2 -t 25 --random-seed=42
        run "11-pgbench-$mode" "$bin/pgbench" -n -M "$mode" -c 8 -j 2 -t 25 -S --random-seed=42
    done
    run 12-pgbench-pipeline "$bin/pgbench" -n -M extended -c 8 -j 2 -t 5 -f "$here/consumers/pipeline.pgbench"
    run 12-pgbench-pipeline "$bin/pgbench" -n -M prepared -c 8 -j 2 -t 5 -f "$here/consumers/pipeline.pgbench"
    run 12-pgbench-errors "$bin/pgbench" -n -c 1 -t 1 -f "$here/consumers/failing.pgbench"
    # sums do not depend on the order the clients came in
    run 13-pgbench-sums "$bin/psql" -X -At "$in_db" -c "
        select md5(string_agg(aid || ':' || abalance, ',' order by aid)) from pgbench_accounts" -c "
        select md5(string_agg(tid || ':' || tbalance, ',' order by tid)) from pgbench_tellers" -c "
        select sum(bbalance), (select count(*) from pgbench_history) from pgbench_branches"

    run 30-vacuumdb "$bin/vacuumdb" -z -j 2 "$db dbname=consumers"
    run 30-vacuumdb "$bin/vacuumdb" -e -z -j 2 -t fruit -t pgbench_accounts "$db dbname=consumers"
    run 30-vacuumdb "$bin/vacuumdb" -e -t nowhere "$db dbname=consumers"

    run 40-psycopg2 "$PQP_PYTHON" "$here/consumers/psycopg2_script.py" "$in_db"

    run 90-dropdb "$bin/dropdb" -e "a database"
    run 90-dropdb "$bin/dropdb" -e consumers
    run 90-dropdb "$bin/dropdb" -e consumers
}

programs='createdb dropdb pg_dump pg_restore pgbench psql python3 vacuumdb'
bad=0
for which in reference ours; do
    # a directory with nothing but the library under test
    libdir=$work/$which
    mkdir "$libdir"
    ln -s "${!which}" "$libdir/libpq.so.5"
    for server in 15 18; do
        host=PQP_HOST$server port=PQP_PORT$server
        host=${!host} port=${!port}
        for client in 15 18; do
            bin=PQP_BIN$client
            transcript=$out/$which/server-$server-client-$client
            rm -rf "$transcript"
            mkdir -p "$transcript"
            scratch=$work/scratch
            rm -rf "$scratch"
            mkdir "$scratch"
            witness=$work/witness.$which.$server.$client
            : >"$witness"
            SECONDS=0
            (scenario "${!bin}" "$client")
            echo "consumers: programs of $client on server $server with the ${which/ours/library under test} took ${SECONDS} s" >&2

            # each program must have been seen, with this library and no other
            for program in $programs; do
                grep -q "^$program" "$witness" || {
                    echo "consumers: nothing shows that $program of $client had a libpq mapped" >&2
                    bad=1
                }
            done
            if grep -v "	${!which}\$" "$witness" >&2; then
                echo "consumers: programs of $client had another libpq mapped than ${!which}" >&2
                bad=1
            fi
        done
    done
done

for transcript in "$out"/reference/*/*; do
    name=${transcript#"$out"/reference/}
    if ! cmp -s "$transcript" "$out/ours/$name"; then
        echo "consumers: $name differs (- reference, + library under test)" >&2
        diff -u --label reference --label "$ours" "$transcript" "$out/ours/$name" | sed 60q >&2 || :
        bad=1
    fi
done
[ -z "$(diff -rq "$out/reference" "$out/ours" | grep '^Only in' || :)" ] || {
    echo "consumers: a transcript is missing on one side" >&2
    bad=1
}
[ $bad = 0 ] || exit 1
echo "consumers: $(find "$out/reference" -type f | wc -l) transcripts are the same on $reference and $ours"
