"""pg_basebackup, pg_receivewal and pg_recvlogical of one version, on the server of that version:
replication connections, COPY both, long COPY out, COPY in of a manifest, cancelling and signals."""

import hashlib
import os
import re
import signal
import subprocess
import sys

from cluster import SCRATCH, Server, programs, run, wait_for
from tap import main, test

VERSION = sys.argv[1]
BIN = programs(VERSION)
SERVER = Server(VERSION, os.environ["PQP_HOST"], os.environ["PQP_PORT"], os.environ["PGDATABASE"])


def said(done):
    """Exit code and output, without what differs from run to run."""
    text = SERVER.scrub(done.stdout + done.stderr)
    text = re.sub(r"\b[0-9A-F]{24}\b", "SEGMENT", text)
    text = re.sub(r'"pg_basebackup_\d+"', '"pg_basebackup_N"', text)
    return [done.returncode, text]


def call(program, *arguments, check=False, **options):
    return run(BIN / program, *arguments, check=check, **options)


def backup(name, *arguments, **options):
    return call("pg_basebackup", "-D", SCRATCH / name, "-c", "fast", "--no-sync", *arguments, **options)


def verified(name, *arguments):
    return said(call("pg_verifybackup", *arguments, SCRATCH / name))


def files_of(name):
    return sorted(p.name for p in (SCRATCH / name).iterdir() if not p.name.startswith("backup_label.old"))


@test
def rows_to_copy():
    SERVER.sql("create table rows as select g, repeat(md5(g::text), 20) as text from generate_series(1, 20000) g")
    return SERVER.sql("select count(*), md5(string_agg(text, '' order by g)) from rows")


@test
def backup_with_streamed_wal():
    return [said(backup("streamed", "-X", "stream")), verified("streamed"), files_of("streamed")]


@test
def backup_with_fetched_wal():
    return [said(backup("fetched", "-X", "fetch")), verified("fetched"), "pg_wal" in files_of("fetched")]


@test
def backup_without_wal():
    return [said(backup("bare", "-X", "none")), verified("bare", "-n")]


@test
def backup_as_tar():
    done = backup("tar", "-F", "t", "-z", "-X", "stream")
    return [said(done), files_of("tar")]


@test
def backup_as_tar_to_standard_output():
    with open(SCRATCH / "out.tar", "wb") as out:
        done = subprocess.run(
            [BIN / "pg_basebackup", "-D", "-", "-F", "t", "-X", "fetch", "-c", "fast", "--no-manifest"], stdout=out, stderr=subprocess.PIPE, text=True, timeout=60
        )
    listed = run("tar", "-tf", SCRATCH / "out.tar").stdout.split()
    return [done.returncode, SERVER.scrub(done.stderr), "PG_VERSION" in listed, "backup_label" in listed]


@test
def backup_compressed_by_the_server():
    return [said(backup("server-gz", "-F", "t", "--compress=server-gzip:1", "-X", "fetch")), files_of("server-gz")]


@test
def backup_with_progress_and_chosen_speed():
    done = backup("progress", "-P", "-v", "-r", "32M")
    return [done.returncode, "base backup completed" in done.stderr, "starting background WAL receiver" in done.stderr, verified("progress")]


@test
def backup_with_a_new_slot():
    done = backup("slot", "-C", "-S", "made_by_backup")
    seen = SERVER.sql("select slot_type, active, restart_lsn is not null from pg_replication_slots where slot_name = 'made_by_backup'")
    SERVER.sql("select pg_drop_replication_slot('made_by_backup')")
    return [said(done), seen, verified("slot")]


@test
def backup_ready_for_a_standby():
    done = backup("standby", "-R", "-d", SERVER.conninfo + " application_name='a standby'")
    settings = (SCRATCH / "standby" / "postgresql.auto.conf").read_text()
    conninfo = re.search(r"^primary_conninfo = '(.*)'$", settings, flags=re.M)[1]
    # which of these there are tells how this libpq was built
    kept = re.sub(r"\b(ssl|gss|krb|channel|require)\w*=\S* ?", "", conninfo.replace("''", "'"))
    return [said(done), SERVER.scrub(kept), (SCRATCH / "standby" / "standby.signal").exists()]


@test
def incremental_backup():
    if VERSION == "15":
        return "not in 15"
    SERVER.sql("alter system set summarize_wal = on")
    SERVER.sql("select pg_reload_conf()")
    wait_for("summarize_wal", lambda: SERVER.sql("show summarize_wal") == "on")
    first = backup("full")
    SERVER.sql("update rows set text = 'changed' where g % 100 = 0")
    second = backup("incremental", "--incremental", SCRATCH / "full" / "backup_manifest")
    combined = call("pg_combinebackup", "--no-sync", "-o", SCRATCH / "combined", SCRATCH / "full", SCRATCH / "incremental")
    SERVER.sql("alter system reset summarize_wal")
    SERVER.sql("select pg_reload_conf()")
    return [said(first), said(second), said(combined), verified("combined")]


@test
def backups_refused():
    return [
        said(backup("refused", "-S", "absent")),
        said(backup("refused", "-h", "127.0.0.1", "-U", "pqp_scram", "-w")),
        said(backup("refused", "-d", "nothing=1")),
        said(backup("refused", "-h", "127.0.0.1", "-p", "1")),
        said(backup("refused", "--compress=server-zstd:workers=nonsense", "-F", "t")),
        said(backup("streamed")),
    ]


@test
def backup_interrupted():
    process = subprocess.Popen(
        [BIN / "pg_basebackup", "-D", SCRATCH / "interrupted", "-r", "200k", "-c", "fast"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    wait_for("the backup to begin", lambda: SERVER.sql("select count(*) from pg_stat_progress_basebackup where phase = 'streaming database files'") == "1")
    # as ^C at a terminal does: its child, which receives WAL, is told too
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=30)
    wait_for("the walsender to end", lambda: SERVER.sql("select count(*) from pg_stat_replication where application_name = 'pg_basebackup'") == "0")
    return [process.returncode, run("rm", "-rf", SCRATCH / "interrupted").returncode]


# ---- pg_receivewal ----




def wal_of(name):
    return sorted(p for p in (SCRATCH / name).iterdir() if re.match(r"[0-9A-F]{24}", p.name))


def same_as_the_servers(path):
    """Whether a received file begins as the server's own of that name."""
    received = path.read_bytes()
    size = len(received)
    theirs = SERVER.sql(f"select md5(pg_read_binary_file('pg_wal/{path.name.removesuffix('.partial')}', 0, {size}))")
    return hashlib.md5(received).hexdigest() == theirs


def insert_rows(count):
    SERVER.sql(f"insert into rows select g, repeat(md5(g::text), 20) from generate_series(1, {count}) g")


@test
def wal_received_up_to_a_place():
    (SCRATCH / "wal").mkdir()
    made = call("pg_receivewal", "--slot=receiver", "--create-slot")
    again = call("pg_receivewal", "--slot=receiver", "--create-slot", "--if-not-exists")
    twice = call("pg_receivewal", "--slot=receiver", "--create-slot")
    # whole segments, and a beginning
    for _ in range(2):
        insert_rows(3000)
        SERVER.sql("select pg_switch_wal()")
    insert_rows(1000)
    end = SERVER.lsn()
    done = call("pg_receivewal", "-D", SCRATCH / "wal", "--slot=receiver", f"--endpos={end}", "--no-loop", "--no-sync", "-v")
    whole = [p for p in wal_of("wal") if not p.name.endswith(".partial")]
    return [said(made), said(again), said(twice), done.returncode, "stopped log streaming at" in done.stderr, len(whole), all(same_as_the_servers(p) for p in whole)]


@test
def wal_received_synchronously_while_written():
    (SCRATCH / "sync").mkdir()
    process = subprocess.Popen(
        [BIN / "pg_receivewal", "-D", SCRATCH / "sync", "--synchronous", "--no-loop", "-s", "1", "-d", "application_name=receiver"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    wait_for("the receiver", lambda: SERVER.sql("select count(*) from pg_stat_replication where application_name = 'receiver' and state = 'streaming'") == "1")
    insert_rows(2000)
    end = SERVER.lsn()
    flushed = wait_for("feedback of what was flushed", lambda: SERVER.sql(f"select flush_lsn >= '{end}' from pg_stat_replication where application_name = 'receiver'") == "t")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    return [flushed, process.returncode, out]


@test
def wal_received_compressed():
    (SCRATCH / "gz").mkdir()
    insert_rows(500)
    SERVER.sql("select pg_switch_wal()")
    insert_rows(500)
    done = call("pg_receivewal", "-D", SCRATCH / "gz", "--slot=receiver", f"--endpos={SERVER.lsn()}", "--no-loop", "--compress=gzip:1")
    return [done.returncode, any(p.name.endswith(".gz") for p in wal_of("gz"))]


@test
def receiver_comes_back_after_its_sender_was_killed():
    (SCRATCH / "loop").mkdir()
    process = subprocess.Popen(
        [BIN / "pg_receivewal", "-D", SCRATCH / "loop", "-s", "1", "-d", "application_name=looping"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    sender = "select pid from pg_stat_replication where application_name = 'looping' and state = 'streaming'"
    first = wait_for("the receiver", lambda: SERVER.sql(sender))
    SERVER.sql(f"select pg_terminate_backend({first})")
    # it sleeps 5 s before it tries again
    wait_for("the receiver to come back", lambda: SERVER.sql(sender) not in ("", first))
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    return [process.returncode, SERVER.scrub(out)]


@test
def slot_dropped():
    return [said(call("pg_receivewal", "--slot=receiver", "--drop-slot")), said(call("pg_receivewal", "--slot=receiver", "--drop-slot")), said(call("pg_receivewal", "-D", SCRATCH / "wal", "--slot=receiver", "--no-loop"))]


# ---- pg_recvlogical ----


def recvlogical(*arguments, **options):
    return call("pg_recvlogical", "-d", SERVER.conninfo, *arguments, **options)


def changes():
    SERVER.sql("create table if not exists decoded (a int primary key, b text)")
    SERVER.sql("insert into decoded select g, 'row ' || g || ' ü' from generate_series(1, 200) g")
    SERVER.sql("update decoded set b = repeat('long ', 20000) where a = 7")
    SERVER.sql("begin; delete from decoded where a > 100; truncate rows; commit")
    SERVER.sql("select pg_logical_emit_message(false, 'prefix', 'a message')")
    SERVER.sql("insert into decoded values (0, 'last')")
    return SERVER.lsn()


@test
def changes_decoded_as_text():
    made = recvlogical("--slot=text", "--create-slot", "-P", "test_decoding")
    again = recvlogical("--slot=text", "--create-slot", "-P", "test_decoding")
    end = changes()
    out = SCRATCH / "decoded"
    done = recvlogical("--slot=text", "--start", f"--endpos={end}", "-f", out, "--no-loop", "-o", "include-xids=0", "-o", "skip-empty-xacts=1")
    text = out.read_text()
    SERVER.sql("drop table decoded")
    return [said(made), said(again), said(done), len(text.splitlines()), hashlib.md5(text.encode()).hexdigest(), text[:300]]


@test
def changes_decoded_to_standard_output_until_interrupted():
    process = subprocess.Popen(
        [BIN / "pg_recvlogical", "-d", SERVER.conninfo, "--slot=text", "--start", "-f", "-", "--no-loop", "-s", "1", "-o", "include-xids=0", "-o", "skip-empty-xacts=1"],
        stdout=open(SCRATCH / "stdout", "wb"), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for("the sender", lambda: SERVER.sql("select count(*) from pg_stat_replication where application_name = 'pg_recvlogical' and state = 'streaming'") == "1")
    SERVER.sql("create table now (x text)")
    SERVER.sql("insert into now values ('first')")
    wait_for("the first change", lambda: "first" in (SCRATCH / "stdout").read_text())
    SERVER.sql("insert into now values ('second')")
    wait_for("the second change", lambda: "second" in (SCRATCH / "stdout").read_text())
    end = SERVER.lsn()
    confirmed = wait_for("feedback", lambda: SERVER.sql(f"select confirmed_flush_lsn >= '{end}' from pg_replication_slots where slot_name = 'text'") == "t")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    return [confirmed, process.returncode, SERVER.scrub(errors)]


@test
def changes_decoded_by_pgoutput():
    SERVER.sql("create publication everything for all tables")
    recvlogical("--slot=binary", "--create-slot", "-P", "pgoutput")
    end = changes()
    out = SCRATCH / "pgoutput"
    options = ["-o", "proto_version=3", "-o", "publication_names=everything", "-o", "messages=true"]
    done = recvlogical("--slot=binary", "--start", f"--endpos={end}", "-f", out, "--no-loop", *options)
    data = out.read_bytes()
    return [said(done), data.count(b"row "), data.count(b"long "), b"a message" in data, b"last" in data]


@test
def two_phase_slot():
    made = recvlogical("--slot=phases", "--create-slot", "-P", "test_decoding", "--two-phase")
    SERVER.sql("begin; insert into now values ('prepared'); prepare transaction 'p1'")
    SERVER.sql("commit prepared 'p1'")
    out = SCRATCH / "phases"
    done = recvlogical("--slot=phases", "--start", f"--endpos={SERVER.lsn()}", "-f", out, "--no-loop", "-o", "include-xids=0")
    text = re.sub(r", txid \d+", "", out.read_text())
    return [said(made), said(done), "PREPARE TRANSACTION 'p1'" in text, "COMMIT PREPARED 'p1'" in text]


@test
def decoding_refused():
    return [
        said(recvlogical("--slot=absent", "--start", "-f", "-", "--no-loop")),
        said(recvlogical("--slot=text", "--start", "-f", "-", "--no-loop", "-o", "nonsense=1")),
        said(recvlogical("--slot=other", "--create-slot", "-P", "no_such_plugin")),
        said(call("pg_recvlogical", "-d", "dbname=absent", "--slot=text", "--start", "-f", "-", "--no-loop")),
        said(call("pg_recvlogical", "-d", f"dbname={SERVER.database} user=pqp_trust", "--slot=text", "--start", "-f", "-", "--no-loop")),
    ]


@test
def decoding_slots_dropped():
    SERVER.sql("drop publication everything")
    return [said(recvlogical(f"--slot={name}", "--drop-slot")) for name in ("text", "binary", "phases", "absent")]


if __name__ == "__main__":
    main()
