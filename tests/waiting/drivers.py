"""Connects by a driver of others, and says what it took, as loops.c does.

usage: drivers.py asyncio|psycopg3|psycopg3-async|psycopg2-green CONNINFO
"""

import asyncio
import ctypes
import os
import select
import sys
import time

wakeups = 0


def by_asyncio(conninfo):
    """libpq by ctypes in asyncio's loop: add_reader and add_writer, removed and added again after each poll."""
    pq = ctypes.CDLL("libpq.so.5")
    pq.PQconnectStart.restype = ctypes.c_void_p
    pq.PQerrorMessage.restype = ctypes.c_char_p
    for name in ["PQconnectPoll", "PQsocket", "PQstatus", "PQerrorMessage", "PQfinish"]:
        getattr(pq, name).argtypes = [ctypes.c_void_p]

    async def connect():
        global wakeups
        conn = pq.PQconnectStart(conninfo.encode())
        loop, status = asyncio.get_running_loop(), 2
        while pq.PQstatus(conn) != 1 and status in (1, 2):
            ready, fd = loop.create_future(), pq.PQsocket(conn)
            add, remove = (loop.add_reader, loop.remove_reader) if status == 1 else (loop.add_writer, loop.remove_writer)
            add(fd, lambda: ready.done() or ready.set_result(None))
            await asyncio.wait_for(ready, 60)
            remove(fd)
            wakeups += 1
            status = pq.PQconnectPoll(conn)
        text = pq.PQerrorMessage(conn).decode()
        pq.PQfinish(conn)
        if status != 3:
            raise RuntimeError(text)

    asyncio.run(connect())


def count_polls():
    from psycopg import pq

    assert pq.__impl__ == "python", pq.__impl__
    poll = pq.PGconn.connect_poll

    def counted(self):
        global wakeups
        wakeups += 1
        return poll(self)

    pq.PGconn.connect_poll = counted


def by_psycopg3(conninfo):
    import psycopg

    count_polls()
    with psycopg.connect(conninfo) as conn:
        conn.execute("SELECT 1")


def by_psycopg3_async(conninfo):
    import psycopg

    count_polls()

    async def connect():
        async with await psycopg.AsyncConnection.connect(conninfo) as conn:
            await conn.execute("SELECT 1")

    asyncio.run(connect())


def by_psycopg2_green(conninfo):
    import psycopg2
    import psycopg2.extensions as e

    def wait(conn):
        """As psycopg2.extras.wait_select, and counts."""
        global wakeups
        while True:
            state = conn.poll()
            wakeups += 1
            if state == e.POLL_OK:
                return
            lists = ([conn], [], []) if state == e.POLL_READ else ([], [conn], [])
            assert any(select.select(*lists, 60)), "nothing in a minute"

    e.set_wait_callback(wait)
    conn = psycopg2.connect(conninfo)
    conn.cursor().execute("SELECT 1")
    conn.close()


WAYS = {
    "asyncio": by_asyncio,
    "psycopg3": by_psycopg3,
    "psycopg3-async": by_psycopg3_async,
    "psycopg2-green": by_psycopg2_green,
}

start = time.monotonic()
try:
    WAYS[sys.argv[1]](sys.argv[2])
    outcome, text = "up", ""
except Exception as error:
    outcome, text = "failed", str(error).replace("\n", "|").replace("\t", "|")
ms = (time.monotonic() - start) * 1000
print(f"{outcome}\twakeups {wakeups}\tms {ms:.0f}\tkept_ms 0\tleft 0\tsame 1\t{text}")
