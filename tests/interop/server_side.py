"""PostgreSQL's server as a client: walreceiver, logical replication's workers, postgres_fdw, dblink.

The servers are of one version, started with the library under test in their environment: their
libpqwalreceiver.so, postgres_fdw.so and dblink.so find it through LD_LIBRARY_PATH. Proved here for
each kind of process; the witness tells whether any backend had another libpq mapped.
"""

import os
import re
import signal
import sys
import time
from pathlib import Path

from cluster import OwnServer, Standby, wait_for
from tap import TESTS, report, test

VERSION = sys.argv[1]
STARTED = []


def started(server):
    STARTED.append(server)
    return server


def lines(text):
    return text.splitlines()


def caught_up(standby, primary):
    """Waits until the standby has replayed all that the primary has written."""
    end = primary.lsn()
    wait_for("the standby to catch up", lambda: standby.sql(f"select pg_last_wal_replay_lsn() >= '{end}'") == "t")


def receiver(standby):
    return standby.sql("select pid from pg_stat_wal_receiver where status = 'streaming'")


LIBRARY = os.environ["LD_LIBRARY_PATH"] + "/libpq.so.5"
MAPS = "select pg_read_file('/proc/self/maps')"


def has_the_library(maps):
    """Whether these mappings hold the library under test, and no other libpq."""
    found = set(re.findall(r"/\S*/libpq(?:-\w+)?\.so\S*", maps))
    if found != {LIBRARY}:
        raise AssertionError(f"mapped: {sorted(found)}, wanted: {LIBRARY}")
    return "the library under test"


def maps_of(pid):
    return Path(f"/proc/{pid}/maps").read_text()


# ---- streaming replication ----


@test
def a_standby_streams():
    global PRIMARY, STANDBY
    PRIMARY = started(OwnServer(VERSION, "primary"))
    PRIMARY.sql("select pg_create_physical_replication_slot('standby')")
    STANDBY = started(
        Standby(
            PRIMARY,
            "standby",
            [
                f"primary_conninfo = '{PRIMARY.conninfo} application_name=following'",
                "primary_slot_name = 'standby'",
                "wal_receiver_status_interval = 1",
                "wal_retrieve_retry_interval = 100",
                "hot_standby_feedback = on",
                "cluster_name = 'interop'",
            ],
        )
    )
    PRIMARY.sql("create table streamed as select g, md5(g::text) as text from generate_series(1, 50000) g")
    caught_up(STANDBY, PRIMARY)
    return STANDBY.sql("select count(*), md5(string_agg(text, '' order by g)) from streamed")


@test
def what_the_receiver_says_of_itself():
    wait_for("the receiver", lambda: receiver(STANDBY))
    row = STANDBY.sql("select status, slot_name, sender_host, sender_port, conninfo from pg_stat_wal_receiver")
    # which options are set by default tells how this libpq was built
    row = re.sub(r" (ssl|gss|krb|channel|require)\w*=\S*", "", PRIMARY.scrub(row))
    return [row, PRIMARY.sql("select application_name, state, sync_state from pg_stat_replication")]


@test
def the_receiver_has_the_library():
    return has_the_library(maps_of(wait_for("the receiver", lambda: receiver(STANDBY))))


@test
def synchronous_commits():
    PRIMARY.sql("alter system set synchronous_standby_names = 'following'")
    PRIMARY.sql("select pg_reload_conf()")
    wait_for("the standby to be synchronous", lambda: PRIMARY.sql("select sync_state from pg_stat_replication") == "sync")
    for i in range(20):
        PRIMARY.sql(f"set synchronous_commit = remote_apply; insert into streamed values ({-i}, 'sync')")
    seen = STANDBY.sql("select count(*) from streamed where text = 'sync'")
    PRIMARY.sql("alter system reset synchronous_standby_names")
    PRIMARY.sql("select pg_reload_conf()")
    return seen


@test
def much_wal():
    PRIMARY.sql("create table much as select g, repeat(md5(g::text), 30) as text from generate_series(1, 60000) g")
    caught_up(STANDBY, PRIMARY)
    return STANDBY.sql("select count(*), sum(length(text)) from much")


@test
def the_receiver_comes_back_after_its_sender_was_killed():
    first = wait_for("the receiver", lambda: receiver(STANDBY))
    PRIMARY.sql("select pg_terminate_backend(pid) from pg_stat_replication where application_name = 'following'")
    wait_for("another receiver", lambda: receiver(STANDBY) not in ("", first))
    PRIMARY.sql("insert into streamed values (0, 'after')")
    caught_up(STANDBY, PRIMARY)
    told = re.search(r"FATAL:  (could not receive data from WAL stream: .*|terminating walreceiver.*)", STANDBY.log())
    return [STANDBY.sql("select count(*) from streamed where text = 'after'"), told and told[1]]


@test
def the_receiver_waits_for_a_primary_that_is_away():
    STANDBY.sql("alter system set primary_conninfo = 'host=127.0.0.1 port=1 user=postgres application_name=following'")
    STANDBY.sql("select pg_reload_conf()")
    told = wait_for("the refusal", lambda: re.search(r'could not connect to the primary server: (connection to server .*)', STANDBY.log()))
    STANDBY.sql("alter system reset primary_conninfo")
    STANDBY.sql(f"alter system set primary_conninfo = '{PRIMARY.conninfo} application_name=following'")
    STANDBY.sql("select pg_reload_conf()")
    wait_for("the receiver", lambda: receiver(STANDBY))
    return told[1]


@test
def the_receiver_logs_in_by_password():
    PRIMARY.sql("alter role pqp_scram replication")
    hba = PRIMARY.directory / "data" / "pg_hba.conf"
    with open(hba, "a") as file:
        file.write("host replication pqp_scram samehost scram-sha-256\n")
    PRIMARY.sql("select pg_reload_conf()")
    STANDBY.sql(f"alter system set primary_conninfo = 'host=127.0.0.1 port={PRIMARY.port} user=pqp_scram password=pw-scram application_name=following'")
    STANDBY.sql("select pg_reload_conf()")
    wait_for("the receiver", lambda: PRIMARY.sql("select usename from pg_stat_replication where application_name = 'following'") == "pqp_scram")
    wait_for("its state", lambda: receiver(STANDBY))
    shown = re.search(r"password=(\S+)", STANDBY.sql("select conninfo from pg_stat_wal_receiver"))
    STANDBY.sql(f"alter system set primary_conninfo = '{PRIMARY.conninfo} application_name=following'")
    STANDBY.sql("select pg_reload_conf()")
    wait_for("the receiver", lambda: PRIMARY.sql("select usename from pg_stat_replication where application_name = 'following'") == "postgres")
    return shown and shown[1]


@test
def slots_synchronized_to_the_standby():
    if VERSION == "15":
        return "not in 15"
    PRIMARY.sql("select pg_create_logical_replication_slot('failover', 'pgoutput', false, false, true)")
    caught_up(STANDBY, PRIMARY)
    wait_for("the slot's horizon", lambda: PRIMARY.sql("select catalog_xmin is not null from pg_replication_slots where slot_name = 'failover'") == "t")

    def synchronized():
        STANDBY.psql("select pg_sync_replication_slots()", check=False)
        # the primary's snapshot must move on before a slot is kept
        PRIMARY.sql("select pg_log_standby_snapshot()")
        PRIMARY.sql("select pg_replication_slot_advance('failover', pg_current_wal_lsn())")
        caught_up(STANDBY, PRIMARY)
        return STANDBY.sql("select slot_name, plugin, synced, temporary from pg_replication_slots where synced and not temporary")

    seen = wait_for("the slot on the standby", synchronized)
    PRIMARY.sql("select pg_drop_replication_slot('failover')")
    return seen


@test
def a_cascade_follows_a_promotion():
    second = started(
        Standby(STANDBY, "second", [f"primary_conninfo = '{STANDBY.conninfo} application_name=second'", "primary_slot_name = ''", "wal_retrieve_retry_interval = 100"])
    )
    caught_up(second, PRIMARY)
    # the receiver of the second then asks for the history of the new timeline
    seen = [STANDBY.sql("select pg_promote()")]
    STANDBY.sql("insert into streamed values (-100, 'promoted')")
    wait_for("the row on the second", lambda: second.sql("select count(*) from streamed where text = 'promoted'") == "1")
    wait_for("the new timeline", lambda: second.sql("select received_tli from pg_stat_wal_receiver") == "2")
    second.stop()
    STANDBY.stop()
    PRIMARY.sql("select pg_drop_replication_slot('standby')")
    return seen


# ---- logical replication ----


def subscribed(subscriber, name="sub"):
    """Waits until every table of the subscription has been copied."""
    wait_for(
        "the first copy",
        lambda: subscriber.sql(f"select coalesce(bool_and(srsubstate = 'r'), false) from pg_subscription_rel r join pg_subscription s on s.oid = r.srsubid where subname = '{name}'") == "t",
    )


def applied(subscriber, name="sub"):
    """Waits until the publisher has heard that all it wrote was applied."""
    end = PRIMARY.lsn()
    wait_for("the subscriber to catch up", lambda: PRIMARY.sql(f"select replay_lsn >= '{end}' from pg_stat_replication where application_name = '{name}'") == "t")


SAME = "select count(*), sum(a), md5(string_agg(coalesce(b, '?'), ',' order by a)) from logical"


@test
def a_subscription_copies_and_follows():
    global SUBSCRIBER
    SUBSCRIBER = started(OwnServer(VERSION, "subscriber"))
    PRIMARY.sql("create table logical (a int primary key, b text, c timestamptz default '2024-02-29 00:00+00', d bytea)")
    PRIMARY.sql("insert into logical (a, b, d) select g, case when g % 5 > 0 then 'tab\t' || g || ' ü\\' end, decode(md5(g::text), 'hex') from generate_series(1, 5000) g")
    SUBSCRIBER.sql("create table logical (a int primary key, b text, c timestamptz, d bytea)")
    PRIMARY.sql("create publication pub for table logical")
    SUBSCRIBER.sql(f"create subscription sub connection '{PRIMARY.conninfo}' publication pub")
    subscribed(SUBSCRIBER)
    first = SUBSCRIBER.sql(SAME) == PRIMARY.sql(SAME)
    PRIMARY.sql("insert into logical select g, 'later' from generate_series(5001, 6000) g")
    PRIMARY.sql("update logical set b = 'changed' where a % 7 = 0")
    PRIMARY.sql("update logical set a = -a where a % 11 = 0")
    PRIMARY.sql("delete from logical where a % 13 = 0")
    applied(SUBSCRIBER)
    return [first, SUBSCRIBER.sql(SAME) == PRIMARY.sql(SAME), PRIMARY.sql("select slot_name, plugin, active from pg_replication_slots")]


@test
def the_worker_has_the_library():
    return has_the_library(maps_of(SUBSCRIBER.sql("select pid from pg_stat_subscription where pid is not null")))


@test
def a_large_value_and_a_large_transaction():
    PRIMARY.sql("insert into logical values (100001, repeat('large ', 2000000))")
    PRIMARY.sql("insert into logical select g, 'bulk' from generate_series(200001, 230000) g")
    applied(SUBSCRIBER)
    return [SUBSCRIBER.sql("select length(b) from logical where a = 100001"), SUBSCRIBER.sql("select count(*) from logical where b = 'bulk'")]


@test
def changes_streamed_before_their_commit():
    PRIMARY.sql("alter system set logical_decoding_work_mem = '64kB'")
    PRIMARY.sql("select pg_reload_conf()")
    SUBSCRIBER.sql(f"alter subscription sub set (streaming = {'parallel' if VERSION == '18' else 'on'}, binary = true)")
    PRIMARY.sql("begin; insert into logical select g, 'streamed' from generate_series(300001, 320000) g; savepoint s; insert into logical values (400000, 'undone'); rollback to s; commit")
    PRIMARY.sql("begin; insert into logical values (400001, 'undone'); rollback")
    applied(SUBSCRIBER)
    return [SUBSCRIBER.sql("select count(*), min(b), max(b) from logical where a between 300001 and 400001"), PRIMARY.sql("select stream_txns > 0 from pg_stat_replication_slots where slot_name = 'sub'")]


@test
def the_worker_comes_back_after_its_sender_was_killed():
    PRIMARY.sql("select pg_terminate_backend(pid) from pg_stat_replication where application_name = 'sub'")
    PRIMARY.sql("insert into logical values (500000, 'back')")
    applied(SUBSCRIBER)
    told = re.search(r"ERROR:  (could not receive data from WAL stream: .*)", SUBSCRIBER.log())
    return [SUBSCRIBER.sql("select b from logical where a = 500000"), told and told[1]]


@test
def prepared_transactions_are_applied():
    PRIMARY.sql("create table phases (a int primary key)")
    SUBSCRIBER.sql("create table phases (a int primary key)")
    PRIMARY.sql("create publication phased for table phases")
    SUBSCRIBER.sql(f"create subscription phases connection '{PRIMARY.conninfo}' publication phased with (two_phase = on)")
    subscribed(SUBSCRIBER, "phases")
    wait_for("two-phase to be enabled", lambda: SUBSCRIBER.sql("select subtwophasestate from pg_subscription where subname = 'phases'") == "e")
    PRIMARY.sql("begin; insert into phases values (1); prepare transaction 'x'")
    wait_for("it prepared", lambda: SUBSCRIBER.sql("select count(*) from pg_prepared_xacts") == "1")
    PRIMARY.sql("commit prepared 'x'")
    wait_for("it committed", lambda: SUBSCRIBER.sql("select count(*) from phases") == "1")
    SUBSCRIBER.sql("drop subscription phases")
    return [SUBSCRIBER.sql("select count(*) from pg_prepared_xacts"), PRIMARY.sql("select count(*) from pg_replication_slots where slot_name = 'phases'")]


@test
def tables_added_later():
    PRIMARY.sql("create table added (a int primary key); insert into added select generate_series(1, 100)")
    SUBSCRIBER.sql("create table added (a int primary key)")
    PRIMARY.sql("alter publication pub add table added")
    SUBSCRIBER.sql("alter subscription sub refresh publication")
    subscribed(SUBSCRIBER)
    return SUBSCRIBER.sql("select count(*) from added")


@test
def subscriptions_refused():
    options = "publication pub with (create_slot = false, slot_name = 'sub')"
    return [
        SUBSCRIBER.error("create subscription bad connection 'nothing=1' publication pub"),
        SUBSCRIBER.error("create subscription bad connection 'host=127.0.0.1 port=1' publication pub"),
        SUBSCRIBER.error("create subscription bad connection 'host=/nowhere port=5432' publication pub"),
        PRIMARY.scrub(SUBSCRIBER.error(f"create subscription bad connection '{PRIMARY.conninfo.replace('dbname=postgres', 'dbname=absent')}' publication pub")),
        SUBSCRIBER.error(f"create subscription sub connection '{PRIMARY.conninfo}' {options}"),
        PRIMARY.scrub(SUBSCRIBER.error(f"create subscription bad connection '{PRIMARY.conninfo}' publication pub with (slot_name = 'sub')")),
    ]


@test
def a_subscription_by_password():
    SUBSCRIBER.sql(f"alter subscription sub connection 'host=127.0.0.1 port={PRIMARY.port} user=pqp_scram password=pw-scram dbname=postgres'")
    PRIMARY.sql("grant select on all tables in schema public to pqp_scram")
    wait_for("its sender", lambda: PRIMARY.sql("select usename from pg_stat_replication where application_name = 'sub'") == "pqp_scram")
    PRIMARY.sql("insert into logical values (600000, 'by password')")
    applied(SUBSCRIBER)
    return SUBSCRIBER.sql("select b from logical where a = 600000")


@test
def a_subscription_disabled_enabled_and_dropped():
    SUBSCRIBER.sql("alter subscription sub disable")
    wait_for("the slot to be free", lambda: PRIMARY.sql("select active from pg_replication_slots where slot_name = 'sub'") == "f")
    PRIMARY.sql("insert into logical values (700000, 'meanwhile')")
    SUBSCRIBER.sql("alter subscription sub enable")
    wait_for("the row", lambda: SUBSCRIBER.sql("select count(*) from logical where a = 700000") == "1")
    SUBSCRIBER.sql("drop subscription sub")
    return PRIMARY.sql("select count(*) from pg_replication_slots where slot_name = 'sub'")


# ---- postgres_fdw: the subscriber asks the primary ----


@test
def foreign_tables_imported():
    PRIMARY.sql("create schema remote; create table remote.items (id int primary key, name text, price numeric, at timestamptz default '2024-02-29 00:00+00', raw bytea)")
    PRIMARY.sql("insert into remote.items select g, 'item ' || g || ' ü', g / 4.0, '2024-02-29 00:00+00', decode(md5(g::text), 'hex') from generate_series(1, 10000) g")
    PRIMARY.sql("create table remote.parts (item int, part text); insert into remote.parts select g, 'part ' || g from generate_series(1, 3000) g")
    SUBSCRIBER.sql("create extension postgres_fdw")
    SUBSCRIBER.sql(f"create server away foreign data wrapper postgres_fdw options (host '{PRIMARY.host}', port '{PRIMARY.port}', dbname 'postgres')")
    SUBSCRIBER.sql("create user mapping for postgres server away options (user 'postgres')")
    SUBSCRIBER.sql("create schema local; import foreign schema remote from server away into local")
    return SUBSCRIBER.sql("select string_agg(foreign_table_name::text, ',' order by 1) from information_schema.foreign_tables")


@test
def foreign_tables_read():
    return [
        SUBSCRIBER.sql("select count(*), sum(price), md5(string_agg(name, ',' order by id)), sum(get_byte(raw, 0)), max(at) from local.items"),
        SUBSCRIBER.sql("select i.id, i.name, p.part from local.items i join local.parts p on p.item = i.id where i.price < 2 order by 1"),
        SUBSCRIBER.sql("explain (verbose, costs off) select i.id from local.items i join local.parts p on p.item = i.id where i.price < 2"),
        SUBSCRIBER.sql("select id from local.items where name = 'item 77 ü' and at > '2000-01-01'"),
        lines(SUBSCRIBER.sql("prepare q(int) as select name from local.items where id = $1; execute q(1); execute q(2); execute q(3); execute q(4); execute q(5); execute q(6); execute q(7)")),
        SUBSCRIBER.sql("analyze local.items; select reltuples from pg_class where oid = 'local.items'::regclass"),
    ]


@test
def a_backend_with_postgres_fdw_has_the_library():
    return has_the_library(SUBSCRIBER.sql(f"select count(*) from local.items; {MAPS}"))


@test
def foreign_rows_fetched_in_small_pieces():
    SUBSCRIBER.sql("alter server away options (add fetch_size '7')")
    seen = [
        SUBSCRIBER.sql("select count(*), sum(id) from (select id from local.items offset 0) q"),
        SUBSCRIBER.sql("begin; declare c cursor for select id from local.items order by id; move 20 in c; fetch 2 from c; fetch 30 from c; rollback").count("\n"),
    ]
    SUBSCRIBER.sql("alter server away options (drop fetch_size)")
    return seen


@test
def foreign_rows_written():
    seen = [
        SUBSCRIBER.sql("insert into local.items (id, name) values (20001, 'new') returning id, name, at"),
        SUBSCRIBER.sql("update local.items set name = name || '!' where id in (1, 2) returning name"),
        SUBSCRIBER.sql("delete from local.items where id = 3 returning id"),
        SUBSCRIBER.sql("insert into local.items (id, name) values (20001, 'again') on conflict do nothing returning 1"),
        SUBSCRIBER.error("insert into local.items (id, name) values (1, 'twice')"),
    ]
    SUBSCRIBER.sql("alter server away options (add batch_size '100')")
    seen.append(SUBSCRIBER.sql("insert into local.items (id, name, raw) select g, 'batch', '\\x00ff' from generate_series(30001, 31000) g; copy local.items (id, name) from program 'seq -f \"%.0f\tcopied\" 40001 40500'; truncate local.parts"))
    return seen + [PRIMARY.sql("select name, count(*) from remote.items where id > 20000 group by name order by name"), PRIMARY.sql("select count(*) from remote.parts")]


@test
def foreign_transactions():
    SUBSCRIBER.psql("begin; insert into local.items (id, name) values (50001, 'a'); savepoint s; insert into local.items (id, name) values (50002, 'b'); rollback to s; commit")
    SUBSCRIBER.psql("begin; insert into local.items (id, name) values (50003, 'c'); rollback")
    SUBSCRIBER.psql("begin isolation level serializable; insert into local.items (id, name) values (50004, 'd'); select 1/0; commit", check=False)
    return PRIMARY.sql("select string_agg(name, ',' order by id) from remote.items where id > 50000")


@test
def foreign_errors():
    SUBSCRIBER.sql("create foreign table local.absent (a int) server away options (schema_name 'remote', table_name 'absent')")
    SUBSCRIBER.sql("create foreign table local.wrong (id int, nothing text) server away options (schema_name 'remote', table_name 'items')")
    PRIMARY.sql("create view remote.fails as select 1 / (id - 5) as x from remote.items order by id")
    SUBSCRIBER.sql("create foreign table local.fails (x int) server away options (schema_name 'remote', table_name 'fails')")
    PRIMARY.sql("create function remote.says() returns int language plpgsql as $$ begin raise notice 'a remote notice'; return 1; end $$; create view remote.says as select remote.says() as x")
    SUBSCRIBER.sql("create foreign table local.says (x int) server away options (schema_name 'remote', table_name 'says')")
    return [
        SUBSCRIBER.error("select * from local.absent"),
        SUBSCRIBER.error("select * from local.wrong"),
        SUBSCRIBER.error("select * from local.fails"),
        SUBSCRIBER.sql("select * from local.says"),
    ]


@test
def foreign_servers_that_cannot_be_reached():
    seen = []
    for number, options in enumerate(["host '127.0.0.1', port '1'", "host '/nowhere', port '5432'", f"host '127.0.0.1', port '{PRIMARY.port}', dbname 'absent'", f"host '127.0.0.1', port '{PRIMARY.port}', connect_timeout '2', options '-c nonsense=1'"]):
        SUBSCRIBER.sql(f"create server bad{number} foreign data wrapper postgres_fdw options ({options}); create user mapping for postgres server bad{number} options (user 'postgres'); create foreign table bad{number} (a int) server bad{number}")
        seen.append(PRIMARY.scrub(SUBSCRIBER.error(f"select * from bad{number}")))
    seen.append(SUBSCRIBER.error("create server worse foreign data wrapper postgres_fdw options (nothing '1')"))
    return seen


@test
def foreign_passwords():
    PRIMARY.sql("grant usage on schema remote to pqp_scram; grant select on remote.items to pqp_scram")
    SUBSCRIBER.sql(f"create server tcp foreign data wrapper postgres_fdw options (host '127.0.0.1', port '{PRIMARY.port}', dbname 'postgres'); grant usage on foreign server tcp to public; grant all on schema local to public")
    SUBSCRIBER.sql("create user mapping for postgres server tcp options (user 'pqp_scram', password 'pw-scram')")
    SUBSCRIBER.sql("create user mapping for pqp_trust server tcp options (user 'postgres')")
    SUBSCRIBER.sql("create foreign table local.by_password (id int) server tcp options (schema_name 'remote', table_name 'items'); grant select on local.by_password to public")
    seen = [SUBSCRIBER.sql("select count(*) from local.by_password"), SUBSCRIBER.error("select count(*) from local.by_password", user="pqp_trust")]
    SUBSCRIBER.sql("alter user mapping for pqp_trust server tcp options (set user 'pqp_trust', add password 'ignored')")
    seen.append(PRIMARY.scrub(SUBSCRIBER.error("select count(*) from local.by_password", user="pqp_trust")))
    SUBSCRIBER.sql("alter user mapping for postgres server tcp options (set password 'wrong')")
    return seen + [PRIMARY.scrub(SUBSCRIBER.error("select count(*) from local.by_password"))]


@test
def scram_keys_passed_through():
    if VERSION == "15":
        return "not in 15"
    # both servers must have stored the very same secret
    secret = PRIMARY.sql("select rolpassword from pg_authid where rolname = 'pqp_scram'")
    SUBSCRIBER.sql(f"alter role pqp_scram password '{secret}'")
    SUBSCRIBER.sql("alter server tcp options (add use_scram_passthrough 'true'); create user mapping for pqp_scram server tcp options (user 'pqp_scram')")
    done = SUBSCRIBER.psql("select count(*) from local.by_password", database=f"host=127.0.0.1 port={SUBSCRIBER.port} user=pqp_scram password=pw-scram dbname=postgres")
    return done.stdout


@test
def foreign_queries_cancelled():
    PRIMARY.sql("create view remote.slow as select pg_sleep(60)::text as x")
    SUBSCRIBER.sql("create foreign table local.slow (x text) server away options (schema_name 'remote', table_name 'slow')")
    before = time.monotonic()
    seen = SUBSCRIBER.error("set statement_timeout = 700; select * from local.slow")
    wait_for("the remote query to be gone", lambda: PRIMARY.sql("select count(*) from pg_stat_activity where state = 'active' and query like '%slow%' and pid <> pg_backend_pid()") == "0", 20)
    return [seen, time.monotonic() - before < 20]


@test
def foreign_connections_lost_and_found():
    SUBSCRIBER.sql("create extension if not exists dblink")
    query = "select 1 from local.items where id = 1"
    kill = f"select dblink_exec('{PRIMARY.conninfo}', 'do $$ begin perform pg_terminate_backend(pid) from pg_stat_activity where application_name = ''postgres_fdw''; end $$')"
    wait = "select pg_sleep(0.3)"
    back = [query, kill, wait, query, "select server_name, valid from postgres_fdw_get_connections()", "select postgres_fdw_disconnect('away'), postgres_fdw_disconnect_all()"]
    return [SUBSCRIBER.sql(back), SUBSCRIBER.error(["begin", query, kill, wait, query])]


@test
def foreign_scans_in_parallel():
    SUBSCRIBER.sql(
        f"create server second foreign data wrapper postgres_fdw options (host '{PRIMARY.host}', port '{PRIMARY.port}', dbname 'postgres', async_capable 'true'); create user mapping for postgres server second options (user 'postgres');"
        "alter server away options (add async_capable 'true');"
        "create table split (id int, name text) partition by list ((id % 2));"
        "create foreign table split0 partition of split for values in (0) server away options (schema_name 'remote', table_name 'even');"
        "create foreign table split1 partition of split for values in (1) server second options (schema_name 'remote', table_name 'odd')"
    )
    PRIMARY.sql("create view remote.even as select id, name from remote.items where id % 2 = 0; create view remote.odd as select id, name from remote.items where id % 2 = 1")
    return [SUBSCRIBER.sql("explain (costs off) select * from split"), SUBSCRIBER.sql("select count(*), sum(id), count(distinct name) from split")]


# ---- dblink: the subscriber asks the primary ----


@test
def a_backend_with_dblink_has_the_library():
    SUBSCRIBER.sql("create extension if not exists dblink")
    return has_the_library(SUBSCRIBER.sql(f"select * from dblink('{PRIMARY.conninfo}', 'select 1') as t(a int); {MAPS}"))


@test
def dblink_queries():
    away = PRIMARY.conninfo
    return lines(
        SUBSCRIBER.sql(
            f"select * from dblink('{away}', 'select g, md5(g::text) from generate_series(1, 3) g') as t(a int, b text);"
            f"select count(*), sum(length(b)) from dblink('{away}', 'select g, repeat(''x'', g % 500) from generate_series(1, 50000) g') as t(a int, b text);"
            f"select dblink_connect('one', '{away}'), dblink_connect('two', '{away}'), dblink_connect('{away}');"
            "select dblink_get_connections();"
            "select dblink_exec('one', 'create temp table t (x int, y text)'), dblink_exec('one', 'insert into t select g, g::text from generate_series(1, 10) g');"
            "select * from dblink('one', 'select * from t where x < 4') as t(x int, y text);"
            "select dblink_open('one', 'c', 'select x from t'); select * from dblink_fetch('one', 'c', 3) as t(x int); select * from dblink_fetch('one', 'c', 30) as t(x int); select dblink_close('one', 'c');"
            "select * from dblink('select current_database()') as t(n text);"
            "select dblink_disconnect('one'), dblink_disconnect('two'), dblink_disconnect();"
        )
    )


@test
def dblink_asynchronous_queries():
    return lines(
        SUBSCRIBER.sql(
            f"select dblink_connect('one', '{PRIMARY.conninfo}');"
            "select dblink_send_query('one', 'select pg_sleep(0.3)::text; select 2, ''b''');"
            "select dblink_is_busy('one'); select * from dblink_get_result('one') as t(a text); select * from dblink_get_result('one') as t(a int, b text); select * from dblink_get_result('one') as t(a int);"
            "select dblink_is_busy('one'), dblink_error_message('one');"
            "select dblink_send_query('one', 'select pg_sleep(60)'); select pg_sleep(0.3); select dblink_cancel_query('one');"
            "select * from dblink_get_result('one', false) as t(a text); select dblink_error_message('one'); select * from dblink_get_result('one', false) as t(a text);"
            "select dblink_exec('one', 'listen a'), dblink_exec('one', 'notify a, ''payload'''); select notify_name, extra from dblink_get_notify('one');"
            "select dblink_disconnect('one')"
        )
    )


@test
def dblink_errors():
    away = PRIMARY.conninfo
    return [
        PRIMARY.scrub(SUBSCRIBER.error(sql))
        for sql in (
            f"select * from dblink('{away}', 'select 1/0') as t(a int)",
            f"select * from dblink('{away}', 'select * from nowhere') as t(a int)",
            f"select * from dblink('{away}', 'select 1, 2') as t(a int)",
            f"select dblink_exec('{away}', 'selec')",
            f"select dblink_exec('{away}', 'do $$ begin raise exception ''bad'' using detail = ''a detail'', hint = ''a hint'', errcode = ''22012''; end $$')",
            "select dblink_connect('host=127.0.0.1 port=1')",
            "select dblink_connect('host=/nowhere port=5432')",
            "select dblink_connect('nothing=1')",
            "select dblink_connect('postgresql://127.0.0.1:1/x?connect_timeout=3')",
            f"select dblink_connect('{away.replace('dbname=postgres', 'dbname=absent')}')",
            f"select dblink_connect('host=127.0.0.1 port={PRIMARY.port} user=pqp_scram password=no dbname=postgres')",
            "select dblink_exec('none', 'select 1')",
            "select * from dblink_get_result('none') as t(a int)",
        )
    ] + [SUBSCRIBER.error(f"select dblink_connect('{away}')", user="pqp_trust")]


@test
def dblink_through_a_foreign_server():
    return [
        SUBSCRIBER.sql("select * from dblink('away', 'select count(*) from remote.items where id <= 10') as t(n int)"),
        SUBSCRIBER.sql(f"select * from dblink('host=127.0.0.1 port={PRIMARY.port} user=pqp_scram password=pw-scram dbname=postgres', 'select current_user::text') as t(n text)"),
        SUBSCRIBER.sql("create table keyed (a int, b text, primary key (a)); insert into keyed values (1, 'it''s'); select dblink_build_sql_insert('keyed', '1', 1, '{1}', '{2}'), dblink_build_sql_update('keyed', '1', 1, '{1}', '{3}'), dblink_build_sql_delete('keyed', '1', 1, '{4}')"),
    ]


if __name__ == "__main__":
    # ended by run.py after too long: stop the servers all the same
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        for function in TESTS:
            report(function.__name__.replace("_", " "), function)
    finally:
        for server in reversed(STARTED):
            server.stop()
    print("done", flush=True)
