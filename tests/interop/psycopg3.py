"""psycopg 3, the pure-Python one, which calls libpq through ctypes: sync, async, pipeline, COPY,
binary, cancel, notifications, large results, the PQ functions it wraps itself."""

import asyncio
import datetime
import decimal
import ipaddress
import os
import select
import threading
import time
import uuid

import psycopg
from psycopg import pq, sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from tap import error_of, main, test

assert pq.__impl__ == "python", pq.__impl__
HOST, PORT = os.environ["PQP_HOST"], os.environ["PQP_PORT"]


def connect(**options):
    return psycopg.connect(**options)


def scrub(text):
    return text.replace(HOST, "HOST").replace(PORT, "PORT")


# ---- connecting ----


@test
def version_of_libpq():
    return pq.version()


@test
def info_of_a_connection():
    with connect(application_name="interop") as conn:
        info = conn.info
        return [
            info.status.name, info.transaction_status.name, info.pipeline_status.name, info.dbname, info.user,
            scrub(info.host), info.port == int(PORT), info.hostaddr, info.options, info.server_version,
            info.parameter_status("application_name"), info.parameter_status("nothing"), str(info.timezone),
            info.encoding, info.error_message, info.vendor, scrub(info.dsn).replace(" sslcertmode=allow", "").replace(" sslcertmode=disable", ""), info.backend_pid > 0, info.full_protocol_version,
        ]  # fmt: skip


@test
def parameters_of_a_connection():
    with connect(application_name="interop", connect_timeout=7) as conn:
        parameters = conn.info.get_parameters()
        # its default tells whether this libpq has TLS at all
        parameters.pop("sslcertmode")
        return {k: scrub(v) for k, v in sorted(parameters.items())}


@test
def hostaddr_over_tcp():
    with connect(host="localhost", hostaddr="127.0.0.1") as conn:
        return [conn.info.host, conn.info.hostaddr, conn.execute("select inet_server_addr()").fetchone()[0]]


@test
def scram_password():
    with connect(host="127.0.0.1", user="pqp_scram", password="pw-scram") as conn:
        return [conn.pgconn.needs_password, conn.pgconn.used_password, conn.execute("select current_user").fetchone()]


@test
def md5_password():
    with connect(host="127.0.0.1", user="pqp_md5", password="pw-md5") as conn:
        return [conn.pgconn.needs_password, conn.pgconn.used_password, conn.execute("select current_user").fetchone()]


@test
def wrong_password():
    return scrub(error_of(psycopg.OperationalError, lambda: connect(host="127.0.0.1", user="pqp_scram", password="no")))


@test
def no_password():
    return scrub(error_of(psycopg.OperationalError, lambda: connect(host="127.0.0.1", user="pqp_scram")))


@test
def absent_database():
    return scrub(error_of(psycopg.OperationalError, lambda: connect(dbname="absent")))


@test
def refused_port():
    return scrub(error_of(psycopg.OperationalError, lambda: connect(host="127.0.0.1", port=1)))


@test
def absent_socket():
    return error_of(psycopg.OperationalError, lambda: connect(host="/nowhere", port=5432))


@test
def several_hosts():
    with connect(host=f"/nowhere,127.0.0.1,{HOST}", port=f"1,1,{PORT}") as conn:
        return [scrub(conn.info.host), conn.execute("select 1").fetchone()]


@test
def bad_conninfo():
    return [
        error_of(psycopg.ProgrammingError, psycopg.conninfo.conninfo_to_dict, text)
        for text in ("host", "nothing=1", "host='", "postgresql://h/d?a&b", "postgresql://%zz", "postgres://[::1/", "postgresql:///?nothing=1")
    ]


@test
def conninfo_to_dict():
    return [
        psycopg.conninfo.conninfo_to_dict(text)
        for text in ("host=a port=1", "dbname='it\\'s' ", "postgresql://u:p%20w@h1:1,h2:2/db?application_name=x&options=-c%20a%3Db", "user = x  password = 'a\\'b\\\\c'", "")
    ]  # fmt: skip


@test
def conndefaults():
    return sorted([o.keyword.decode(), (o.envvar or b"").decode(), (o.label or b"").decode(), o.dispchar.decode(), o.dispsize] for o in pq.Conninfo.get_defaults())


@test
def ping():
    return [
        pq.PGconn.ping(f"host={HOST} port={PORT}".encode()),
        pq.PGconn.ping(b"host=127.0.0.1 port=1"),
        pq.PGconn.ping(b"nothing=1"),
    ]


@test
def reset():
    conn = pq.PGconn.connect(b"")
    before = conn.backend_pid
    conn.reset()
    return [conn.status, conn.backend_pid != before, conn.exec_(b"select 1").get_value(0, 0)]


@test
def reset_polled():
    conn = pq.PGconn.connect(b"")
    conn.reset_start()
    while (state := pq.PollingStatus(conn.reset_poll())) not in (pq.PollingStatus.OK, pq.PollingStatus.FAILED):
        reading = state == pq.PollingStatus.READING
        select.select([conn.socket] if reading else [], [] if reading else [conn.socket], [], 10)
    return [state.name, conn.exec_(b"select 1").get_value(0, 0)]


@test
def connect_polled():
    conn = pq.PGconn.connect_start(b"")
    states = []
    while (state := pq.PollingStatus(conn.connect_poll())) not in (pq.PollingStatus.OK, pq.PollingStatus.FAILED):
        reading = state == pq.PollingStatus.READING
        states.append(state.name)
        select.select([conn.socket] if reading else [], [] if reading else [conn.socket], [], 10)
    return [states[-1], state.name, conn.status, conn.nonblocking]


@test
def finished_connection():
    conn = pq.PGconn.connect(b"")
    conn.finish()
    return [conn.status, error_of(psycopg.OperationalError, lambda: conn.exec_(b"select 1")), error_of(psycopg.OperationalError, lambda: conn.db)]


# ---- values ----

VALUES = [
    None, True, False, 0, -1, 2**31 - 1, -(2**63), 10**30, 1.5, float("inf"), decimal.Decimal("-12345.6789"), "", "text ü €",
    "quote's \\ back", b"\x00\x01\xff", datetime.date(2024, 2, 29), datetime.time(23, 59, 59, 999999),
    datetime.datetime(1, 1, 1), datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc), datetime.timedelta(days=-1, seconds=3),
    uuid.UUID(int=5), ipaddress.ip_address("::1"), [1, None, 3], ["a", 'b"c', ""], [[1, 2], [3, 4]],
]  # fmt: skip


@test
def values_text():
    with connect() as conn:
        return [repr(conn.execute("select %s", (v,)).fetchone()[0]) for v in VALUES]


@test
def values_binary():
    with connect() as conn:
        return [repr(conn.execute("select %b", (v,), binary=True).fetchone()[0]) for v in VALUES]


@test
def json_range_composite():
    with connect() as conn:
        row = conn.execute("select %s, int4range(1, 5), row(1, 'a'), '{\"a\": [1]}'::json", (Jsonb({"ü": [1, None]}),)).fetchone()
        return [repr(v) for v in row]


@test
def rows_of_every_kind():
    with connect(row_factory=dict_row) as conn:
        cur = conn.execute("select g as number, 'row ' || g as text, g % 2 = 0 as even from generate_series(1, 5) g")
        return [cur.fetchall(), cur.rowcount, cur.statusmessage, [[d.name, d.type_code, d.internal_size, d.type_display] for d in cur.description]]


@test
def description_of_columns():
    with connect() as conn:
        cur = conn.execute("select 1::numeric(7,2) as a, 'x'::varchar(9) b, now()::timestamp(3) c, relname, null as n from pg_class limit 0")
        res = cur.pgresult
        return [[res.fname(i), res.fformat(i), res.ftype(i), res.fmod(i), res.fsize(i), res.ftablecol(i), res.ftable(i)] for i in range(res.nfields)]


@test
def large_rows():
    with connect() as conn:
        cur = conn.execute("select repeat(chr(64 + g), g * 100000) from generate_series(1, 20) g")
        return [(row[0][:1], len(row[0])) for row in cur]


@test
def many_rows():
    with connect() as conn:
        rows = conn.execute("select g, g::text, null from generate_series(1, 100000) g").fetchall()
        return [len(rows), rows[0], rows[50000], rows[-1], sum(r[0] for r in rows)]


@test
def many_columns():
    with connect() as conn:
        row = conn.execute("select " + ",".join(str(i) for i in range(1600))).fetchone()
        return [len(row), sum(row)]


@test
def many_parameters():
    with connect() as conn:
        cur = conn.execute("select array[" + ",".join(["%s"] * 65535) + "]", [1] * 65535)
        return [sum(cur.fetchone()[0]), error_of(psycopg.Error, lambda: conn.execute("select " + ",".join(["%s"] * 65536), [1] * 65536))]


@test
def streamed_rows():
    with connect() as conn:
        total, rows = 0, 0
        for row in conn.cursor().stream("select g from generate_series(1, 20000) g"):
            total, rows = total + row[0], rows + 1
        return [rows, total]


@test
def streamed_in_chunks():
    with connect() as conn:
        return [sum(row[0] for row in conn.cursor().stream("select g from generate_series(1, 20000) g", size=1000)), pq.version() >= 170000]


@test
def stream_fails_halfway():
    with connect() as conn:
        seen = []
        def run():
            for row in conn.cursor().stream("select 10 / (5 - g) from generate_series(1, 9) g"):
                seen.append(row[0])
        return [error_of(psycopg.Error, run), seen, conn.info.transaction_status.name]


@test
def server_cursor():
    with connect() as conn, conn.cursor("named", scrollable=True) as cur:
        cur.execute("select g from generate_series(1, 100) g")
        first = cur.fetchmany(3)
        cur.scroll(10)
        return [first, cur.fetchone(), cur.fetchmany(2), len(cur.fetchall())]


@test
def prepared_statements():
    with connect(prepare_threshold=1) as conn:
        out = [conn.execute("select %s::int + 1", (i,)).fetchone()[0] for i in range(6)]
        return [out, conn.execute("select count(*), max(statement) from pg_prepared_statements").fetchone()]


@test
def described_statement():
    conn = pq.PGconn.connect(b"")
    prepared = conn.prepare(b"p", b"select $1::int8, $2::text", [])
    described = conn.describe_prepared(b"p")
    closed = conn.close_prepared(b"p")
    again = conn.describe_prepared(b"p")
    return [prepared.status, described.status, described.nparams, [described.param_type(i) for i in range(3)], described.nfields, closed.status, again.status, again.error_message]


@test
def described_portal():
    conn = pq.PGconn.connect(b"")
    conn.exec_(b"begin; declare c cursor for select 1 as one, 'x' as two")
    res = conn.describe_portal(b"c")
    closed = conn.close_portal(b"c")
    return [res.status, res.nfields, res.fname(0), res.fname(1), closed.status, conn.describe_portal(b"c").error_message]


@test
def several_results():
    with connect() as conn:
        cur = conn.execute("select 1; select 2, 3; create temp table t (x int); insert into t values (7), (8); select * from t")
        out = []
        while True:
            out.append([cur.statusmessage, cur.rowcount, cur.fetchall() if cur.description else None])
            if not cur.nextset():
                return out


@test
def executemany_returning():
    with connect() as conn:
        conn.execute("create temp table t (x int primary key, y text)")
        cur = conn.cursor()
        cur.executemany("insert into t values (%s, %s) returning x", [(i, str(i)) for i in range(50)], returning=True)
        out = [cur.fetchone()[0]]
        while cur.nextset():
            out.append(cur.fetchone()[0])
        return [sum(out), len(out), cur.rowcount]


# ---- errors and notices ----


def fields_of(diag):
    names = [n for n in dir(diag) if not n.startswith("_")]
    return {n: getattr(diag, n) for n in names if n not in ("source_line",)}


@test
def diagnostics_of_an_error():
    with connect() as conn:
        conn.execute("create temp table d (x int constraint positive check (x > 0))")
        try:
            conn.execute("insert into d values (-1)")
        except psycopg.errors.CheckViolation as error:
            seen = fields_of(error.diag)
            seen["schema_name"] = (seen["schema_name"] or "")[:7]
            return [str(error), seen]


@test
def position_of_an_error():
    with connect() as conn:
        return [error_of(psycopg.Error, conn.execute, text) for text in ("selec 1", "select 1\n  from nowhere where 2", "select 'ü' || €", "select 1/0")]


@test
def notices():
    with connect() as conn:
        seen = []
        conn.add_notice_handler(lambda d: seen.append([d.severity, d.severity_nonlocalized, d.sqlstate, d.message_primary, d.message_hint]))
        conn.execute("do $$ begin raise notice 'one % ü', 1; raise warning 'two' using hint = 'a hint', errcode = '01234'; end $$")
        return seen


@test
def error_formatted():
    with connect() as conn:
        res = conn.pgconn.exec_(b"select * from nowhere")
        return [res.status, res.error_message, res.error_field(pq.DiagnosticField.SQLSTATE), conn.pgconn.error_message, res.get_error_message(), res.command_status, res.ntuples]


@test
def transactions():
    out = []
    with connect() as conn:
        conn.execute("create temp table t (x int)")
        conn.commit()
        out.append(conn.info.transaction_status.name)
        with conn.transaction():
            conn.execute("insert into t values (1)")
            out.append(conn.info.transaction_status.name)
            try:
                with conn.transaction():
                    conn.execute("insert into t values ('x')")
            except psycopg.Error:
                out.append(conn.info.transaction_status.name)
            conn.execute("insert into t values (2)")
        out.append(conn.execute("select * from t").fetchall())
        try:
            conn.execute("nonsense")
        except psycopg.Error:
            out.append(conn.info.transaction_status.name)
        out.append(error_of(psycopg.Error, conn.execute, "select 1"))
    return out


@test
def killed_by_the_server():
    with connect() as conn, connect(autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))
        text = error_of(psycopg.OperationalError, conn.execute, "select 1")
        return [text, conn.closed, conn.broken, conn.pgconn.status, error_of(psycopg.OperationalError, conn.execute, "select 1")]


@test
def two_phase_commit():
    with connect() as conn:
        xid = conn.xid(1, "gtrid", "bqual")
        conn.tpc_begin(xid)
        conn.execute("create table tpc (x int)")
        conn.tpc_prepare()
        conn.close()
    with connect() as conn:
        found = [x for x in conn.tpc_recover() if x.database == conn.info.dbname]
        for xid in found:
            conn.tpc_rollback(xid)
        return [[x.format_id, x.gtrid, x.bqual] for x in found]


# ---- COPY ----


@test
def copy_in_text_rows():
    with connect() as conn:
        conn.execute("create temp table c (a int, b text, c bytea)")
        cur = conn.cursor()
        with cur.copy("copy c from stdin") as copy:
            for i in range(1000):
                copy.write_row((i, None if i % 7 == 0 else f"tab\t back\\ nl\n {i}", bytes([i % 256])))
        return [cur.rowcount, cur.statusmessage, conn.execute("select sum(a), count(b), md5(string_agg(b, ',' order by a)), sum(get_byte(c, 0)) from c").fetchone()]


@test
def copy_in_binary_rows():
    with connect() as conn:
        conn.execute("create temp table c (a int8, b text, c timestamptz)")
        with conn.cursor().copy("copy c from stdin (format binary)") as copy:
            copy.set_types(["int8", "text", "timestamptz"])
            for i in range(500):
                copy.write_row((i, str(i), datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(hours=i)))
        return conn.execute("select sum(a), md5(string_agg(b, ',' order by a)), max(c)::text from c").fetchone()


@test
def copy_in_large_blocks():
    with connect() as conn:
        conn.execute("create temp table c (a text)")
        cur = conn.cursor()
        with cur.copy("copy c from stdin") as copy:
            for i in range(40):
                copy.write((chr(97 + i % 26) * 500000) + "\n")
        return [cur.rowcount, conn.execute("select sum(length(a)), min(left(a, 3)), max(left(a, 3)) from c").fetchone()]


@test
def copy_in_refused_data():
    with connect() as conn:
        conn.execute("create temp table c (a int)")
        conn.commit()

        def run():
            with conn.cursor().copy("copy c from stdin") as copy:
                copy.write("1\n2\nx\n")

        return [error_of(psycopg.Error, run), conn.info.transaction_status.name]


@test
def copy_in_given_up():
    with connect() as conn:
        conn.execute("create temp table c (a int)")
        conn.commit()

        def run():
            with conn.cursor().copy("copy c from stdin") as copy:
                copy.write("1\n")
                raise ZeroDivisionError("enough")

        out = [error_of(ZeroDivisionError, run), conn.info.transaction_status.name]
        conn.rollback()
        return out + [conn.execute("select count(*) from c").fetchone()]


@test
def copy_out():
    with connect() as conn:
        cur = conn.cursor()
        with cur.copy("copy (select g, 'line ' || g, null from generate_series(1, 3) g) to stdout") as copy:
            blocks = [bytes(b) for b in copy]
        with cur.copy("copy (select g, repeat('x', g), null from generate_series(1, 3) g) to stdout (format binary)") as copy:
            copy.set_types(["int4", "text", "text"])
            rows = list(copy.rows())
        with cur.copy("copy (select repeat('y', 3000000)) to stdout") as copy:
            size = sum(len(b) for b in copy)
        return [[repr(b) for b in blocks], rows, size]


@test
def copy_out_fails_halfway():
    with connect() as conn:
        seen = []

        def run():
            with conn.cursor().copy("copy (select 10 / (5 - g) from generate_series(1, 9) g) to stdout") as copy:
                for block in copy:
                    seen.append(repr(bytes(block)))

        return [error_of(psycopg.Error, run), seen, conn.info.transaction_status.name]


@test
def copy_between_connections():
    with connect() as one, connect() as two:
        two.execute("create temp table c (a int, b text)")
        with one.cursor().copy("copy (select g, md5(g::text) from generate_series(1, 20000) g) to stdout (format binary)") as source:
            with two.cursor().copy("copy c from stdin (format binary)") as target:
                for block in source:
                    target.write(block)
        return two.execute("select count(*), sum(a), md5(string_agg(b, '' order by a)) from c").fetchone()


# ---- pipeline ----


@test
def pipeline_of_statements():
    with connect() as conn, conn.pipeline() as pipeline:
        first = conn.execute("create temp table p (x int)")
        cursors = [conn.execute("insert into p values (%s) returning x", (i,)) for i in range(300)]
        last = conn.execute("select sum(x) from p")
        pipeline.sync()
        return [first.statusmessage, sum(c.fetchone()[0] for c in cursors), last.fetchone(), conn.info.pipeline_status.name]


@test
def pipeline_with_an_error():
    def run(conn):
        # which of these calls is told of the error depends on when the server answers
        with conn.pipeline() as pipeline:
            conn.execute("select 1")
            conn.execute("select 1 / %s", (0,))
            conn.execute("select 3")
            pipeline.sync()

    with connect(autocommit=True) as conn:
        out = [error_of(psycopg.errors.DivisionByZero, run, conn), conn.execute("select 4").fetchone()]
        return out + [conn.info.pipeline_status.name, conn.info.transaction_status.name]


@test
def pipeline_nested():
    with connect(autocommit=True) as conn, conn.pipeline():
        a = conn.execute("select 1")
        with conn.pipeline():
            b = conn.execute("select 2")
        return [a.fetchone(), b.fetchone()]


@test
def pipeline_by_hand():
    conn = pq.PGconn.connect(b"")
    conn.nonblocking = 1
    conn.enter_pipeline_mode()
    out = [conn.pipeline_status, error_of(psycopg.OperationalError, conn.exec_, b"select 1"), error_of(psycopg.OperationalError, conn.send_query, b"select 1")]
    conn.send_query_params(b"select $1::int", [b"1"])
    conn.send_prepare(b"s", b"select $1::text || 'x'")
    conn.send_query_prepared(b"s", [b"y"])
    conn.send_describe_prepared(b"s")
    conn.send_flush_request()
    conn.send_query_params(b"bad", None)
    conn.send_query_params(b"select 5", None)
    conn.pipeline_sync()
    conn.send_query_params(b"select 6", None)
    conn.pipeline_sync()
    while conn.flush():
        select.select([], [conn.socket], [], 10)
    syncs = nulls = 0
    while syncs < 2:
        while conn.is_busy():
            select.select([conn.socket], [], [], 10)
            conn.consume_input()
        res = conn.get_result()
        if res is None:
            nulls += 1
            out.append(None)
            continue
        syncs += res.status == pq.ExecStatus.PIPELINE_SYNC
        out.append([res.status, res.get_value(0, 0) if res.ntuples else None, res.error_message])
    conn.exit_pipeline_mode()
    return out + [nulls, conn.pipeline_status]


@test
def pipeline_not_left_with_results():
    conn = pq.PGconn.connect(b"")
    conn.enter_pipeline_mode()
    conn.send_query_params(b"select 1", None)
    conn.pipeline_sync()
    out = [error_of(psycopg.OperationalError, conn.exit_pipeline_mode)]
    conn.get_result(), conn.get_result(), conn.get_result()
    conn.exit_pipeline_mode()
    return out + [conn.pipeline_status]


# ---- asynchronous ----


@test
def async_connections():
    async def one(i):
        async with await psycopg.AsyncConnection.connect() as conn:
            cur = await conn.execute("select %s, pg_sleep(0.01)", (i,))
            return (await cur.fetchone())[0]

    async def run():
        return await asyncio.gather(*(one(i) for i in range(20)))

    return asyncio.run(run())


@test
def async_copy_and_stream():
    async def run():
        async with await psycopg.AsyncConnection.connect() as conn:
            await conn.execute("create temp table c (x int)")
            cur = conn.cursor()
            async with cur.copy("copy c from stdin") as copy:
                for i in range(5000):
                    await copy.write_row((i,))
            total = 0
            async for row in cur.stream("select x from c"):
                total += row[0]
            async with cur.copy("copy c to stdout") as copy:
                size = 0
                async for block in copy:
                    size += len(block)
            return [total, size]

    return asyncio.run(run())


@test
def async_pipeline():
    async def run():
        async with await psycopg.AsyncConnection.connect(autocommit=True) as conn:
            async with conn.pipeline():
                cursors = [await conn.execute("select %s::int * 2", (i,)) for i in range(200)]
                return [(await c.fetchone())[0] for c in cursors]

    return asyncio.run(run())


@test
def async_refused():
    async def run():
        try:
            await psycopg.AsyncConnection.connect(host="127.0.0.1", port=1)
        except psycopg.OperationalError as error:
            return scrub(str(error))

    return asyncio.run(run())


@test
def async_cancelled_task():
    async def run():
        async with await psycopg.AsyncConnection.connect(autocommit=True) as conn:
            task = asyncio.create_task(conn.execute("select pg_sleep(60)"))
            await asyncio.sleep(0.2)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                cur = await conn.execute("select 1")
                return await cur.fetchone()

    return asyncio.run(run())


# ---- cancel, notifications ----


@test
def cancel_from_a_thread():
    with connect(autocommit=True) as conn:
        threading.Timer(0.3, conn.cancel).start()
        return error_of(psycopg.errors.QueryCanceled, conn.execute, "select pg_sleep(60)")


@test
def cancel_safely():
    with connect(autocommit=True) as conn:
        threading.Timer(0.3, conn.cancel_safe).start()
        return error_of(psycopg.errors.QueryCanceled, conn.execute, "select pg_sleep(60)")


@test
def cancel_connection_polled():
    conn = pq.PGconn.connect(b"")
    conn.send_query(b"select pg_sleep(60)")
    time.sleep(0.2)
    cancel = conn.cancel_conn()
    before = cancel.status
    cancel.start()
    while (state := pq.PollingStatus(cancel.poll())) not in (pq.PollingStatus.OK, pq.PollingStatus.FAILED):
        reading = state == pq.PollingStatus.READING
        select.select([cancel.socket] if reading else [], [] if reading else [cancel.socket], [], 10)
    res = conn.get_result()
    out = [before, state, cancel.status, cancel.get_error_message(), res.status, res.error_message]
    cancel.reset()
    cancel.finish()
    return out


@test
def cancel_blocking():
    conn = pq.PGconn.connect(b"")
    conn.send_query(b"select pg_sleep(60)")
    time.sleep(0.2)
    conn.cancel_conn().blocking()
    first = conn.get_result().error_message
    conn.get_result()
    conn.send_query(b"select pg_sleep(60)")
    time.sleep(0.2)
    cancel = conn.get_cancel()
    cancel.cancel()
    return [first, conn.get_result().error_message]


@test
def notifications():
    with connect(autocommit=True) as conn, connect(autocommit=True) as other:
        conn.execute("listen a; listen \"B c\"")
        other.execute("notify a, 'first'; select pg_notify('B c', 'ü'); notify a")
        conn.execute("notify a, 'own'")
        seen = []
        for notify in conn.notifies(timeout=20, stop_after=4):
            seen.append([notify.channel, notify.payload, notify.pid == conn.info.backend_pid])
        return seen


@test
def notification_while_idle():
    with connect(autocommit=True) as conn, connect(autocommit=True) as other:
        conn.execute("listen later")
        threading.Timer(0.3, lambda: other.execute("notify later, 'now'")).start()
        return [[n.channel, n.payload] for n in conn.notifies(timeout=20, stop_after=1)]


# ---- what psycopg wraps of libpq besides ----


@test
def escaping():
    conn = pq.PGconn.connect(b"")
    escaping = pq.Escaping(conn)
    return [
        repr(bytes(x))
        for x in (
            escaping.escape_literal("it's \\ ü".encode()), escaping.escape_literal(b""), escaping.escape_identifier('a "b" ü'.encode()),
            escaping.escape_string(b"a'b\\c"), pq.Escaping().escape_string(b"a'b"), escaping.escape_bytea(b"\x00'\\\xff"),
            pq.Escaping().escape_bytea(b"\x00'\xff"), escaping.unescape_bytea(b"\\x00ff41"), escaping.unescape_bytea(b"a\\134\\000b"),
        )
    ]  # fmt: skip


@test
def escaping_of_bad_text():
    conn = pq.PGconn.connect(b"")
    escaping = pq.Escaping(conn)
    return [error_of(psycopg.OperationalError, call, b"a\xc3") for call in (escaping.escape_literal, escaping.escape_identifier, escaping.escape_string)]


@test
def composed_sql():
    with connect() as conn:
        query = sql.SQL("select {a} as {n}").format(a=sql.Literal("it's"), n=sql.Identifier('we "ird'))
        cur = conn.execute(query)
        return [query.as_string(conn), cur.fetchone(), cur.description[0].name]


@test
def password_hashes():
    conn = pq.PGconn.connect(b"")
    scram = conn.encrypt_password(b"secret", b"joe", b"scram-sha-256")
    return [
        repr(conn.encrypt_password(b"secret", b"joe", b"md5")),
        [len(p) > 20 for p in scram.replace(b":", b"$").split(b"$")[2:]], repr(scram[:19]),
        error_of(psycopg.Error, conn.encrypt_password, b"secret", b"joe", b"nonsense"),
        repr(conn.encrypt_password(b"secret", b"joe"))[:16],
    ]  # fmt: skip


@test
def change_password():
    with connect(autocommit=True) as conn:
        conn.execute("drop role if exists interop_changed; create role interop_changed login")
        conn.pgconn.change_password(b"interop_changed", b"new")
        seen = conn.execute("select left(rolpassword, 14) from pg_authid where rolname = 'interop_changed'").fetchone()
        bad = error_of(psycopg.Error, conn.pgconn.change_password, b"absent role", b"x")
        conn.execute("drop role interop_changed")
        return [seen, bad]


@test
def encodings():
    out = []
    for name in ("LATIN1", "UTF8", "EUC_JP", "SJIS", "WIN1252", "SQL_ASCII"):
        with connect(client_encoding=name) as conn:
            text = "ü" if name in ("LATIN1", "UTF8", "WIN1252") else "あ" if name != "SQL_ASCII" else "a"
            out.append([conn.info.encoding, repr(conn.execute("select %s::text, 'x'", (text,)).fetchone())])
    return out


@test
def traced():
    import tempfile

    conn = pq.PGconn.connect(b"")
    with tempfile.TemporaryFile() as file:
        conn.trace(file.fileno())
        conn.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS | pq.Trace.REGRESS_MODE)
        conn.exec_params(b"select $1::int as x", [b"3"])
        conn.exec_(b"select * from nowhere")
        conn.untrace()
        conn.exec_(b"select 1")
        file.seek(0)
        return file.read().decode().splitlines()


@test
def attributes_of_a_made_result():
    conn = pq.PGconn.connect(b"")
    res = conn.make_empty_result(pq.ExecStatus.TUPLES_OK)
    return [res.status, res.ntuples, res.nfields, res.error_message, repr(res.get_value(0, 0))]


@test
def threads_with_a_connection_each():
    out = [None] * 8

    def work(i):
        with connect() as conn:
            out[i] = sum(conn.execute("select %s::int + g from generate_series(1, 100) g", (i,)).fetchall()[k][0] for k in range(100))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return out


@test
def one_connection_for_many_threads():
    with connect() as conn:
        out = []

        def work(i):
            for k in range(20):
                out.append(conn.execute("select %s", (i * 100 + k,)).fetchone()[0])

        threads = [threading.Thread(target=work, args=(i,)) for i in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(out)


main()
