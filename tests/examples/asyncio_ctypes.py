"""Connecting and querying in asyncio, with nothing but ctypes: several connections in one thread.

usage: asyncio_ctypes.py LIBPQ CONNINFO

While connecting, PQsocket is one descriptor that becomes ready whatever the library waits for. It may be another one after
each PQconnectPoll, so it is registered anew for each wait.
"""
import asyncio
import ctypes
import sys

READING, WRITING, OK = 1, 2, 3
CONNECTION_BAD = 1

pq = ctypes.CDLL(sys.argv[1])
for name, result, *arguments in [
    ("PQconnectStart", ctypes.c_void_p, ctypes.c_char_p),
    ("PQconnectPoll", ctypes.c_int, ctypes.c_void_p),
    ("PQstatus", ctypes.c_int, ctypes.c_void_p),
    ("PQsocket", ctypes.c_int, ctypes.c_void_p),
    ("PQerrorMessage", ctypes.c_char_p, ctypes.c_void_p),
    ("PQsendQuery", ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p),
    ("PQflush", ctypes.c_int, ctypes.c_void_p),
    ("PQconsumeInput", ctypes.c_int, ctypes.c_void_p),
    ("PQisBusy", ctypes.c_int, ctypes.c_void_p),
    ("PQgetResult", ctypes.c_void_p, ctypes.c_void_p),
    ("PQgetvalue", ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int),
    ("PQclear", None, ctypes.c_void_p),
    ("PQfinish", None, ctypes.c_void_p),
    ("pqp_connect_report", ctypes.c_void_p, ctypes.c_void_p),
    ("pqp_report_json", ctypes.c_char_p, ctypes.c_void_p),
    ("pqp_report_free", None, ctypes.c_void_p),
]:
    function = getattr(pq, name)
    function.restype, function.argtypes = result, arguments


async def ready(fd, writing):
    """Waits until the descriptor is ready."""
    loop = asyncio.get_running_loop()
    happened = loop.create_future()
    add = loop.add_writer if writing else loop.add_reader
    remove = loop.remove_writer if writing else loop.remove_reader
    add(fd, lambda: happened.done() or happened.set_result(None))
    try:
        await happened
    finally:
        # Before the next poll, for that may close it.
        remove(fd)


def failure(conn):
    report = pq.pqp_connect_report(conn)
    text = pq.PQerrorMessage(conn) + pq.pqp_report_json(report)
    pq.pqp_report_free(report)
    return ConnectionError(text.decode())


async def connect(conninfo):
    conn = pq.PQconnectStart(conninfo)
    status = WRITING
    try:
        while pq.PQstatus(conn) != CONNECTION_BAD and status in (READING, WRITING):
            await ready(pq.PQsocket(conn), status == WRITING)
            status = pq.PQconnectPoll(conn)
        if status != OK:
            raise failure(conn)
    except BaseException:
        pq.PQfinish(conn)
        raise
    return conn


async def fetch_one(conn, query):
    if not pq.PQsendQuery(conn, query):
        raise failure(conn)
    while pq.PQflush(conn) == 1:
        await ready(pq.PQsocket(conn), True)
    value = None
    while True:
        while pq.PQisBusy(conn):
            await ready(pq.PQsocket(conn), False)
            if not pq.PQconsumeInput(conn):
                raise failure(conn)
        result = pq.PQgetResult(conn)
        if not result:
            return value
        value = pq.PQgetvalue(result, 0, 0)
        pq.PQclear(result)


async def visit(number, conninfo):
    conn = await connect(conninfo)
    try:
        return await fetch_one(conn, b"SELECT %d * 7" % number)
    finally:
        pq.PQfinish(conn)


async def main():
    conninfo = sys.argv[2].encode()
    # A deadline of asyncio's works as with any other task.
    answers = await asyncio.wait_for(
        asyncio.gather(*(visit(n, conninfo) for n in range(1, 7))), timeout=30
    )
    print("the answers are", b", ".join(answers).decode())


asyncio.run(main())
