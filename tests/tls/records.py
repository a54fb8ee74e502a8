#!/usr/bin/env python3
"""Reads results over TLS from records of every size, with every call that reads, from poll loops and from asyncio.

usage: records.py REFERENCE OURS    fails where they differ or where either waits for what has come already
       records.py --one LIBRARY

The server puts an answer into records of one size and sends all of them at once; then it is silent until asked again. A
byte that a library has decrypted but not looked at can then only be missed: the socket will not tell. Waiting for it ends
after PATIENCE_S with "stuck". The server's side is Python's, which is OpenSSL's.
"""
import asyncio
import ctypes
import os
import select
import socket
import ssl
import struct
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "facts"))
import both
import tls_steps

PATIENCE_S = 10
# One library's part takes half a minute on one processor.
LIMIT_S = 600
SIZES = (1, 2, 3, 5, 100, 1000, 4095, 4096, 8192, 16383, 16384)
message = tls_steps.message


def row(value):
    return message(b"D", struct.pack("!Hi", 1, len(value)) + value)


DESCRIPTION = message(b"T", struct.pack("!H", 1) + b"c\0" + struct.pack("!IHIhih", 0, 0, 25, -1, -1, 0))
IDLE = message(b"Z", b"I")


def command(tag):
    return message(b"C", tag + b"\0")


def notification(number):
    return message(b"A", struct.pack("!I", 7) + b"channel\0" + b"%d\0" % number)


def rows(count, length):
    return DESCRIPTION + b"".join(row(b"%d:" % i + b"x" * length) for i in range(count)) + command(b"SELECT") + IDLE


ANSWERS = {
    b"few": rows(3, 5),
    b"many": rows(700, 90),
    b"large": rows(2, 300_000),
    b"two": DESCRIPTION + row(b"a") + command(b"SELECT") + DESCRIPTION + row(b"b") + command(b"SELECT") + IDLE,
    b"copy": (message(b"H", b"\0\0\1\0\0") + b"".join(message(b"d", b"line %d %s\n" % (i, b"y" * 50)) for i in range(500))
              + message(b"c", b"") + command(b"COPY 500") + IDLE),
    b"notify": b"".join(notification(i) for i in range(200)) + command(b"NOTIFY") + IDLE,
    b"late": command(b"OK") + IDLE + b"".join(notification(i) for i in range(50)),
    b"error": DESCRIPTION + row(b"a") + tls_steps.error("22012") + IDLE,
}


class Server:
    """Answers queries named above in records of `size` bytes."""

    def __init__(self, directory, size, version):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f"{directory}/server.crt", f"{directory}/server.key")
        self.context.set_alpn_protocols(["postgresql"])
        self.context.maximum_version = version
        self.size = size
        # A few ten thousand records are enough, however small.
        self.answers = ANSWERS | {b"large": rows(2, min(300_000, 10_000 * size))}
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(1)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                self.peer, _ = self.listener.accept()
                self.peer.settimeout(PATIENCE_S)
                self.converse()
        except (EOFError, OSError, ssl.SSLError):
            pass

    def converse(self):
        tls_steps.read_exactly(self.peer, 8)
        self.peer.sendall(b"S")
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = self.context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.pump(self.tls.do_handshake)
        self.plain = b""
        self.read(struct.unpack("!I", self.read(4))[0] - 4)
        self.say(tls_steps.READY)
        while True:
            head = self.read(5)
            body = self.read(struct.unpack("!I", head[1:])[0] - 4)
            if head[:1] == b"X":
                return
            if head[:1] != b"Q":
                continue
            name = body.rstrip(b"\0").split(b" ")[0]
            if name == b"truncate":
                self.say(ANSWERS[b"many"][:1000])
                self.peer.shutdown(socket.SHUT_RDWR)
                return
            if name == b"goodbye":
                self.say(DESCRIPTION + row(b"a") + tls_steps.error("57P01"), end=True)
                self.peer.shutdown(socket.SHUT_RDWR)
                return
            if name == b"echo":
                # The whole of a large query, which the client could not send in one go.
                self.say(DESCRIPTION + row(b"%d" % len(body)) + command(b"SELECT 1") + IDLE)
                continue
            self.say(self.answers[name])

    def pump(self, call):
        while True:
            try:
                result = call()
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.peer.recv(65536)
                if not data:
                    raise EOFError
                self.incoming.write(data)

    def flush(self):
        data = self.outgoing.read()
        if data:
            self.peer.sendall(data)

    def read(self, count):
        while len(self.plain) < count:
            piece = self.pump(lambda: self.tls.read(65536))
            if not piece:
                raise EOFError
            self.plain += piece
        data, self.plain = self.plain[:count], self.plain[count:]
        return data

    def say(self, data, end=False):
        for at in range(0, len(data), self.size):
            self.tls.write(data[at:at + self.size])
        if end:
            try:
                self.tls.unwrap()
            except ssl.SSLWantReadError:
                pass
        self.flush()

    def close(self):
        self.listener.close()


class Stuck(Exception):
    pass


class Notification(ctypes.Structure):
    _fields_ = [("relname", ctypes.c_char_p), ("be_pid", ctypes.c_int), ("extra", ctypes.c_char_p), ("next", ctypes.c_void_p)]


def load(path):
    pq = tls_steps.load(path)
    conn, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, result, arguments in (
        ("PQsendQuery", number, [conn, text]), ("PQgetResult", conn, [conn]), ("PQconsumeInput", number, [conn]),
        ("PQisBusy", number, [conn]), ("PQresultStatus", number, [conn]), ("PQntuples", number, [conn]),
        ("PQgetvalue", text, [conn, number, number]), ("PQclear", None, [conn]), ("PQgetlength", number, [conn, number, number]),
        ("PQnotifies", ctypes.POINTER(Notification), [conn]), ("PQfreemem", None, [conn]), ("PQsetSingleRowMode", number, [conn]),
        ("PQgetCopyData", number, [conn, ctypes.POINTER(conn), number]), ("PQresultErrorMessage", text, [conn]),
        ("PQsetnonblocking", number, [conn, number]), ("PQflush", number, [conn]), ("PQreset", None, [conn]),
    ):
        getattr(pq, name).restype, getattr(pq, name).argtypes = result, arguments
    return pq


def digest(pq, result):
    count = pq.PQntuples(result)
    lengths = sum(pq.PQgetlength(result, i, 0) for i in range(count))
    first = pq.PQgetvalue(result, 0, 0)[:4] if count else b""
    out = (pq.PQresultStatus(result), count, lengths, first, pq.PQresultErrorMessage(result))
    pq.PQclear(result)
    return out


def merged(results):
    """Rows in single-row mode as one number, for their count is what matters."""
    singles = [r for r in results if r[0] == 9]
    rest = [r for r in results if r[0] != 9]
    return (len(singles), sum(r[2] for r in singles)), rest


def wait(pq, conn):
    if not select.select([pq.PQsocket(conn)], [], [], PATIENCE_S)[0]:
        raise Stuck


def blocking(pq, conn):
    results = []
    while result := pq.PQgetResult(conn):
        results.append(digest(pq, result))
    return results


def polling(pq, conn):
    results = []
    while True:
        while pq.PQisBusy(conn):
            wait(pq, conn)
            if not pq.PQconsumeInput(conn):
                results.append(("consume failed", pq.PQerrorMessage(conn)))
                break
        result = pq.PQgetResult(conn)
        if not result:
            return results
        results.append(digest(pq, result))


def copying(pq, conn, is_async):
    results = [digest(pq, pq.PQgetResult(conn))] if not is_async else []
    if is_async:
        while pq.PQisBusy(conn):
            wait(pq, conn)
            pq.PQconsumeInput(conn)
        results.append(digest(pq, pq.PQgetResult(conn)))
    lines, length = 0, 0
    while True:
        line = ctypes.c_void_p()
        got = pq.PQgetCopyData(conn, ctypes.byref(line), is_async)
        if got == 0:
            wait(pq, conn)
            pq.PQconsumeInput(conn)
            continue
        if got < 0:
            break
        lines, length = lines + 1, length + got
        pq.PQfreemem(line)
    return results + [(got, lines, length)] + (polling if is_async else blocking)(pq, conn)


def notifications(pq, conn, expected):
    """Waits for the socket only when PQnotifies has nothing to give."""
    seen = []
    while True:
        while note := pq.PQnotifies(conn):
            seen.append(note.contents.extra)
            pq.PQfreemem(note)
        if len(seen) >= expected:
            return len(seen), seen[0], seen[-1]
        wait(pq, conn)
        pq.PQconsumeInput(conn)


async def with_reader(pq, conn, look):
    """The way psycopg and others do it: a reader on the socket, PQconsumeInput in it. `look` says when it has all."""
    done, fd = asyncio.get_running_loop().create_future(), pq.PQsocket(conn)
    failures = []

    def readable():
        if not pq.PQconsumeInput(conn):
            failures.append(("consume failed", pq.PQerrorMessage(conn)))
        if look():
            asyncio.get_running_loop().remove_reader(fd)
            done.set_result(None)

    asyncio.get_running_loop().add_reader(fd, readable)
    try:
        await asyncio.wait_for(done, PATIENCE_S)
    except asyncio.TimeoutError:
        raise Stuck
    return failures


def run_asyncio(pq, conn):
    results = []

    def look():
        while not pq.PQisBusy(conn):
            result = pq.PQgetResult(conn)
            if not result:
                return True
            results.append(digest(pq, result))
        return False

    return asyncio.run(with_reader(pq, conn, look)) + results


def copy_asyncio(pq, conn):
    """PQgetCopyData says itself when there is no more to be had for now: PQisBusy is asked only before and after."""
    results, counts, ended = [], [0, 0], []

    def look():
        if not results:
            if pq.PQisBusy(conn):
                return False
            results.append(digest(pq, pq.PQgetResult(conn)))
        line = ctypes.c_void_p()
        while not ended and (got := pq.PQgetCopyData(conn, ctypes.byref(line), 1)):
            if got < 0:
                ended.append(got)
                break
            counts[:] = counts[0] + 1, counts[1] + got
            pq.PQfreemem(line)
        while ended and not pq.PQisBusy(conn):
            result = pq.PQgetResult(conn)
            if not result:
                return True
            results.append(digest(pq, result))
        return False

    return asyncio.run(with_reader(pq, conn, look)) + results + [tuple(counts + ended)]


def notifications_asyncio(pq, conn, expected):
    """PQnotifies alone, with nobody asking for results."""
    seen = []

    def look():
        while note := pq.PQnotifies(conn):
            seen.append(note.contents.extra)
            pq.PQfreemem(note)
        return len(seen) >= expected

    return asyncio.run(with_reader(pq, conn, look)) + [len(seen), seen[0], seen[-1]]


def send_slowly(pq, conn, size):
    """A query that does not fit into the socket, on a non-blocking connection."""
    pq.PQsetnonblocking(conn, 1)
    assert pq.PQsendQuery(conn, b"echo " + b"z" * size)
    while (left := pq.PQflush(conn)) == 1:
        readable, writable, _ = select.select([pq.PQsocket(conn)], [pq.PQsocket(conn)], [], PATIENCE_S)
        if not readable and not writable:
            raise Stuck
        if readable:
            pq.PQconsumeInput(conn)
    results = [left] + polling(pq, conn)
    pq.PQsetnonblocking(conn, 0)
    return results


def ask(pq, conn, query, read):
    if not pq.PQsendQuery(conn, query):
        return "not sent", pq.PQerrorMessage(conn)
    try:
        return read(pq, conn)
    except Stuck:
        return "stuck"


def single(pq, conn, read):
    pq.PQsetSingleRowMode(conn)
    return merged(read(pq, conn))


def session(pq, conn):
    for name in (b"few", b"many", b"large", b"two", b"error"):
        for read in (blocking, polling, run_asyncio):
            yield f"{name.decode()} {read.__name__}", ask(pq, conn, name, read)
        for read in (blocking, polling, run_asyncio):
            yield f"{name.decode()} single {read.__name__}", ask(pq, conn, name, lambda pq, conn: single(pq, conn, read))
    for is_async in (0, 1):
        yield f"copy {is_async}", ask(pq, conn, b"copy", lambda pq, conn: copying(pq, conn, is_async))
    yield "copy asyncio", ask(pq, conn, b"copy", copy_asyncio)
    for read in (blocking, polling, run_asyncio):
        yield f"notify {read.__name__}", ask(pq, conn, b"notify", lambda pq, conn: read(pq, conn) + [notifications(pq, conn, 200)])
        yield f"late {read.__name__}", ask(pq, conn, b"late", lambda pq, conn: read(pq, conn) + [notifications(pq, conn, 50)])
    yield "notify alone", ask(pq, conn, b"notify", lambda pq, conn: [notifications(pq, conn, 200)] + blocking(pq, conn))
    yield "notify asyncio", ask(pq, conn, b"notify", lambda pq, conn: notifications_asyncio(pq, conn, 200) + blocking(pq, conn))
    try:
        yield "slow", send_slowly(pq, conn, 8_000_000)
    except Stuck:
        yield "slow", "stuck"
    for name in (b"goodbye", b"truncate"):
        for read in (blocking, polling, run_asyncio):
            answer = ask(pq, conn, name, read)
            yield f"{name.decode()} {read.__name__}", (answer, pq.PQstatus(conn), pq.PQerrorMessage(conn))
            pq.PQreset(conn)
            yield "reset", (pq.PQstatus(conn), pq.PQsslInUse(conn), pq.PQerrorMessage(conn))


def one(path):
    pq = load(path)
    with tempfile.TemporaryDirectory() as directory:
        os.environ["HOME"] = directory
        tls_steps.certificates(directory)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for size in SIZES:
                server = Server(directory, size, version)
                conninfo = f"host=127.0.0.1 port={server.port} user=u dbname=d sslmode=require gssencmode=disable"
                conn, states = tls_steps.drive(pq, conninfo.encode())
                # How much of the server's answer comes at once decides whether AUTH_OK is seen.
                states = [state for state in states if state != 5]
                print(version.name, size, "connect", states, pq.PQerrorMessage(conn).replace(b"%d" % server.port, b"PORT"), flush=True)
                for name, answer in session(pq, conn):
                    print(version.name, size, name, str(answer).replace(str(server.port), "PORT"), flush=True)
                pq.PQfinish(conn)
                server.close()


def main():
    if sys.argv[1] == "--one":
        one(sys.argv[2])
        return
    (code, reference), (our_code, ours) = both.run(__file__, sys.argv[1:3], timeout=LIMIT_S)
    stuck = sum("stuck" in line for line in reference + ours)
    wrong = int(code != 0 or our_code != 0 or len(reference) != len(ours) or len(reference) < 300) + stuck
    for expected, found in zip(reference, ours):
        if found != expected:
            wrong += 1
            print(f"- {expected}\n+ {found}")
    print(f"{len(reference)} readings, {stuck} stuck; exit status {code} and {our_code}; {wrong} wrong")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
