"""What people do with psycopg2, for consumers.sh. usage: psycopg2_script.py DSN"""

import io
import os
import select
import sys

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras

dsn = sys.argv[1]


def show(label, value):
    print(f"{label}: {value!r}")


show("libpq", psycopg2.extensions.libpq_version())
conn = psycopg2.connect(dsn)
show("server", conn.server_version // 10000)
show("encoding", conn.encoding)
show("protocol", conn.protocol_version)
show("parameters", conn.info.dsn_parameters["dbname"])
show("parameter status", conn.get_parameter_status("integer_datetimes"))
show("dsn", psycopg2.extensions.make_dsn("host=a", password="b c"))
show("parsed", psycopg2.extensions.parse_dsn("postgresql://u@h:1/d?connect_timeout=3"))

cur = conn.cursor()
cur.execute("select %s, %s, %s, %s", (1, "ä'\\", None, b"\x00\xff"))
row = cur.fetchone()
show("row", (row[0], row[1], row[2], bytes(row[3])))
show("description", [(c.name, c.type_code, c.internal_size) for c in cur.description])
cur.execute("create temp table t (n int, s text)")
show("tag", cur.statusmessage)
cur.executemany("insert into t values (%s, %s)", [(n, str(n) * 3) for n in range(5)])
show("rowcount", cur.rowcount)
psycopg2.extras.execute_values(cur, "insert into t values %s", [(n, None) for n in range(5, 9)])

cur.copy_expert("copy t to stdout", out := io.StringIO())
show("copy out", out.getvalue())
cur.copy_from(io.StringIO("100\tcopied\n101\t\\N\n"), "t")
cur.execute("select n, s from t where n >= 100 order by n")
show("copied in", cur.fetchall())
conn.commit()
try:
    cur.copy_expert("copy t from stdin", io.StringIO("no number\tx\n"))
except psycopg2.Error as error:
    show("copy error", (error.pgcode, str(error)))
conn.rollback()

try:
    cur.execute("select * fro t")
except psycopg2.errors.SyntaxError as error:
    show("error", (error.pgcode, error.pgerror, error.diag.statement_position, error.diag.severity))
show("transaction", conn.info.transaction_status)
conn.rollback()
try:
    cur.execute("select 1/0")
except psycopg2.errors.DivisionByZero as error:
    show("message", str(error))
conn.rollback()

named = conn.cursor("a_cursor")
named.itersize = 7
named.execute("select generate_series(1, 20)")
show("named cursor", [r[0] for r in named])
named.close()
conn.commit()

lob = conn.lobject(0, "wb")
lob.write(b"large \x00 object")
lob.seek(6)
show("lob tell", lob.tell())
lob.close()
lob = conn.lobject(lob.oid, "rb")
show("lob", lob.read())
lob.unlink()
conn.commit()

conn.set_client_encoding("LATIN1")
cur.execute("select 'é'")
show("latin1", cur.fetchone())
conn.set_client_encoding("UTF8")

conn.autocommit = True
cur.execute("do $$ begin raise notice 'noticed'; end $$")
show("notices", conn.notices)
cur.execute("listen chan")
cur.execute("notify chan, 'load'")
conn.poll()
show("notifies", [(n.channel, n.payload, n.pid == conn.info.backend_pid) for n in conn.notifies])

show("quoted", psycopg2.extensions.quote_ident('a "b"', conn))
show("encrypted", psycopg2.extensions.encrypt_password("pw", "user", conn, "md5"))
show("scram", psycopg2.extensions.encrypt_password("pw", "user", conn, "scram-sha-256")[:19])

# asynchronous
def wait(c):
    while True:
        state = c.poll()
        if state == psycopg2.extensions.POLL_OK:
            return
        if state == psycopg2.extensions.POLL_READ:
            select.select([c.fileno()], [], [], 30)
        else:
            select.select([], [c.fileno()], [], 30)


aconn = psycopg2.connect(dsn, async_=1)
wait(aconn)
acur = aconn.cursor()
acur.execute("select pg_sleep(0.01), repeat('x', 100000)")
wait(aconn)
show("async", len(acur.fetchone()[1]))
acur.execute("select 1/0")
try:
    wait(aconn)
except psycopg2.Error as error:
    show("async error", str(error))
aconn.close()

# cancel
conn.autocommit = False
psycopg2.extensions.set_wait_callback(psycopg2.extras.wait_select)
cur.execute("select 'with a wait callback'")
show("callback", cur.fetchone())
psycopg2.extensions.set_wait_callback(None)
import threading

timer = threading.Timer(0.2, conn.cancel)
timer.start()
try:
    cur.execute("select pg_sleep(20)")
except psycopg2.errors.QueryCanceled as error:
    show("cancelled", str(error))
timer.join()
conn.rollback()

for bad in ("host=127.0.0.1 port=1", dsn + " dbname=absent", "nonsense", "user='open"):
    try:
        psycopg2.connect(bad)
    except psycopg2.Error as error:
        show("connect", (type(error).__name__, str(error)))

# a session that the server ends
other = psycopg2.connect(dsn)
cur.execute("select pg_terminate_backend(%s)", (other.info.backend_pid,))
conn.commit()
try:
    other.cursor().execute("select 1")
    other.cursor().execute("select 1")
except psycopg2.Error as error:
    show("terminated", (type(error).__name__, str(error)))
show("closed", other.closed)
conn.close()
show("closed", conn.closed)
