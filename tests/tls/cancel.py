#!/usr/bin/env python3
"""Looks at cancel requests on their way: what a relay before a real server sees of them, beside what they did.

usage: cancel.py REFERENCE OURS    in the environment of tests/setup/with_servers.sh; fails where they differ, or where a
                                   request of PQcancelCreate's is not encrypted as its connection is
       cancel.py --one LIBRARY

No rule of pg_hba.conf is asked about a cancel request, so that only the bytes tell. PQcancel's goes in plain text, as the
manual says and as a signal handler can send it.
"""
import asyncio
import os
import select
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import both
import real_servers

PATIENCE_S = 20
SSL_REQUEST, CANCEL_REQUEST = struct.pack("!II", 8, 80877103), struct.pack("!I", 80877102)


class Relay:
    """Between a client and the server on `port`; `seen` has what the client of each connection has said."""

    def __init__(self, port):
        self.server = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.seen = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            said = bytearray()
            self.seen.append(said)
            threading.Thread(target=self.carry, args=(client, said), daemon=True).start()

    def carry(self, client, said):
        server = socket.create_connection(("127.0.0.1", self.server))
        other = {client: server, server: client}
        with client, server:
            while True:
                for side in select.select([client, server], [], [])[0]:
                    try:
                        data = side.recv(65536)
                        if side is client:
                            said += data
                        if not data:
                            return
                        other[side].sendall(data)
                    except OSError:
                        return

    def close(self):
        self.listener.close()


def kind(said):
    """How a connection began, and whether all of it was TLS records: type, version 3.x, length (RFC 8446 5.1)."""
    said = bytes(said)
    if said[4:8] == CANCEL_REQUEST:
        return "plain"
    how, rest = ("direct", said) if said[:8] != SSL_REQUEST else ("asked", said[8:])
    records = []
    while len(rest) >= 5 and rest[0] in (20, 21, 22, 23) and rest[1] == 3:
        records.append(rest[0])
        rest = rest[5 + struct.unpack_from("!H", rest, 3)[0]:]
    if rest or records[:1] != [22] or 23 not in records:
        return f"{how} but not TLS throughout"
    return f"{how} TLS"


def poll_loop(pq, request):
    if not pq.PQcancelStart(request):
        return 0
    wanted = 2
    while wanted not in (0, 3):
        fd = pq.PQcancelSocket(request)
        if not any(select.select([fd] if wanted == 1 else [], [fd] if wanted == 2 else [], [], PATIENCE_S)):
            return "stuck"
        wanted = pq.PQcancelPoll(request)
    return int(wanted == 3)


async def in_asyncio(pq, request):
    """The loop is told anew after every step: the socket may be another one."""
    if not pq.PQcancelStart(request):
        return 0
    loop, wanted = asyncio.get_running_loop(), 2
    while wanted not in (0, 3):
        ready, fd = loop.create_future(), pq.PQcancelSocket(request)
        add, remove = (loop.add_reader, loop.remove_reader) if wanted == 1 else (loop.add_writer, loop.remove_writer)
        add(fd, lambda: ready.done() or ready.set_result(None))
        try:
            await asyncio.wait_for(ready, PATIENCE_S)
        except asyncio.TimeoutError:
            return "stuck"
        finally:
            remove(fd)
        wanted = pq.PQcancelPoll(request)
    return int(wanted == 3)


def created(pq, conn, send):
    request = pq.PQcancelCreate(conn)
    outcome = f"{send(pq, request)} {pq.PQcancelStatus(request)} {pq.PQcancelErrorMessage(request)!r}"
    pq.PQcancelFinish(request)
    return outcome


WAYS = {
    "PQcancelBlocking": lambda pq, conn: created(pq, conn, lambda pq, request: pq.PQcancelBlocking(request)),
    "PQcancelPoll": lambda pq, conn: created(pq, conn, poll_loop),
    "PQcancelPoll asyncio": lambda pq, conn: created(pq, conn, lambda pq, request: asyncio.run(in_asyncio(pq, request))),
    "PQcancel": real_servers.cancel_plain,
}
VERIFIED = f"user=tlsuser sslmode=verify-full sslrootcert={real_servers.PLACES}/root.crt {real_servers.client('client-rsa')}"


def one(path):
    pq = real_servers.load(path)
    for name in ("PQcancelStart", "PQcancelSocket", "PQcancelPoll"):
        getattr(pq, name).argtypes = pq.PQcancelStatus.argtypes
    for version in ("15", "18"):
        watcher = pq.PQconnectdb(os.environ[f"PQP_DSN{version}"].encode())
        relay = Relay(int(os.environ[f"PQP_PORT{version}"]))
        scenarios = [("plain", "user=pqp_hostnossl sslmode=disable"), ("1.3", "user=pqp_hostssl sslmode=require"),
                     ("1.2", "user=pqp_hostssl sslmode=require ssl_max_protocol_version=TLSv1.2"), ("verified", VERIFIED)]
        if version == "18":
            scenarios.append(("direct", "user=pqp_hostssl sslmode=require sslnegotiation=direct"))
        for name, options in scenarios:
            conn = pq.PQconnectdb(f"host=localhost port={relay.port} dbname=postgres gssencmode=disable {options}".encode())
            if pq.PQstatus(conn) != 0:
                print(version, name, pq.PQerrorMessage(conn))
            for way, cancel in WAYS.items():
                connections = len(relay.seen)
                outcome = real_servers.sqlstate_of_query_under(pq, conn, watcher, lambda: cancel(pq, conn))
                print(version, name, way, outcome, [kind(said) for said in relay.seen[connections:]], sep="\t", flush=True)
            pq.PQfinish(conn)
        relay.close()
        pq.PQfinish(watcher)


def expected(scenario, way):
    if scenario == "plain" or way == "PQcancel":
        return "['plain']"
    return "['direct TLS']" if scenario == "direct" else "['asked TLS']"


def main():
    if sys.argv[1] == "--one":
        one(sys.argv[2])
        return
    (code, reference), (our_code, ours) = both.run(__file__, sys.argv[1:3])
    wrong = int(code != 0 or our_code != 0 or len(ours) != 9 * len(WAYS) or len(reference) != len(ours))
    for theirs, found in zip(reference, ours):
        words = found.split("\t")
        if theirs != found or len(words) != 5 or "57014" not in words[3] or words[4] != expected(words[1], words[2]):
            wrong += 1
            print(f"- {theirs}\n+ {found}")
    print(f"{len(ours)} cancel requests; exit status {code} and {our_code}; {wrong} wrong")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
