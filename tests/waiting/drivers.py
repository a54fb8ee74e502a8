"""Connects by a driver of others, and says what it took, as loops.c does.

usage: drivers.py asyncio|psycopg3|psycopg3-async|psycopg2-green|psycopg2-gevent|psycopg2-eventlet CONNINFO

Where there is a loop that others share, something else runs in it meanwhile, and the longest that it was kept from doing so
is what a call kept the program.
"""

import asyncio
import ctypes
import os
import select
import sys
import time
import warnings

wakeups = 0


class Turns:
    """Of something that wants to run every 10 ms."""

    longest = 0
    last = None

    def take(self):
        now = time.monotonic()
        if self.last is not None:
            self.longest = max(self.longest, now - self.last)
        self.last = now


turns = Turns()


async def beside(coroutine):
    """In asyncio's loop."""

    async def tick():
        while True:
            turns.take()
            await asyncio.sleep(0.01)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    try:
        return await coroutine
    finally:
        turns.take()
        ticking.cancel()


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

    asyncio.run(beside(connect()))


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

    asyncio.run(beside(connect()))


def green(conninfo, wait_for):
    """psycopg2, which waits by a callback: `wait_for` a descriptor, to read or to write."""
    import psycopg2
    import psycopg2.extensions as e

    def wait(conn):
        global wakeups
        while True:
            state = conn.poll()
            wakeups += 1
            if state == e.POLL_OK:
                return
            assert state in (e.POLL_READ, e.POLL_WRITE), state
            wait_for(conn.fileno(), state == e.POLL_READ)

    e.set_wait_callback(wait)
    conn = psycopg2.connect(conninfo)
    conn.cursor().execute("SELECT 1")
    conn.close()


def by_psycopg2_green(conninfo):
    def wait_for(fd, read):
        lists = ([fd], [], []) if read else ([], [fd], [])
        assert any(select.select(*lists, 60)), "nothing in a minute"

    green(conninfo, wait_for)


def green_beside(spawn, sleep, conninfo, wait_for):
    """In a greenlet among others."""

    def tick():
        while True:
            turns.take()
            sleep(0.01)

    spawn(tick)
    sleep(0)
    try:
        green(conninfo, wait_for)
    finally:
        turns.take()


def by_psycopg2_gevent(conninfo):
    import gevent
    import gevent.socket

    def wait_for(fd, read):
        wait = gevent.socket.wait_read if read else gevent.socket.wait_write
        wait(fd, timeout=60, timeout_exc=TimeoutError("nothing in a minute"))

    green_beside(gevent.spawn, gevent.sleep, conninfo, wait_for)


def by_psycopg2_eventlet(conninfo):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is no longer developed
        import eventlet
        import eventlet.hubs

    def wait_for(fd, read):
        eventlet.hubs.trampoline(fd, read=read, write=not read, timeout=60, timeout_exc=TimeoutError("nothing in a minute"))

    green_beside(eventlet.spawn, eventlet.sleep, conninfo, wait_for)


WAYS = {
    "asyncio": by_asyncio,
    "psycopg3": by_psycopg3,
    "psycopg3-async": by_psycopg3_async,
    "psycopg2-green": by_psycopg2_green,
    "psycopg2-gevent": by_psycopg2_gevent,
    "psycopg2-eventlet": by_psycopg2_eventlet,
}

start = time.monotonic()
try:
    WAYS[sys.argv[1]](sys.argv[2])
    outcome, text = "up", ""
except Exception as error:
    outcome, text = "failed", (str(error) or repr(error)).replace("\n", "|").replace("\t", "|")
ms = (time.monotonic() - start) * 1000
print(f"{outcome}\twakeups {wakeups}\tms {ms:.0f}\tkept_ms {turns.longest * 1000:.0f}\tleft 0\tsame 1\t{text}")
