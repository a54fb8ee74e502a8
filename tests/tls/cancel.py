#!/usr/bin/env python3
"""Looks at cancel requests on their way: what a relay before a real server sees of them, beside what they did.

usage: cancel.py REFERENCE OURS    in the environment of tests/setup/with_servers.sh; fails where they differ, but for the
                                   differences on purpose, or where a request is not encrypted as its connection is
       cancel.py --one LIBRARY       prints what one library does, a line a request
       cancel.py --failing LIBRARY   what ours says where an encrypted request cannot be sent
       cancel.py --psql LIBRARY      what ^C does in a psql that has not been changed

No rule of pg_hba.conf is asked about a cancel request, so that only the bytes tell. On purpose: libpq sends PQcancel's in
plain text, always, and any by sslmode=allow. Ours encrypts them where the connection is.
"""
import asyncio
import ctypes
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import both
import real_servers

PATIENCE_S = 20
SSL_REQUEST, CANCEL_REQUEST = struct.pack("!II", 8, 80877103), struct.pack("!I", 80877102)


class Relay:
    """Between a client and the server at `server`; `seen` has what the client of each connection has said. While it is `mute`
    it lets clients connect and says nothing."""

    def __init__(self, server, path=None):
        self.server = server
        self.mute = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        if path:
            self.listener.close()
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(f"{path}/.s.PGSQL.{self.port}")
            self.listener.listen()
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
        if self.mute:
            with client:
                while data := client.recv(65536):
                    said += data
            return
        server = socket.socket(socket.AF_UNIX if isinstance(self.server, str) else socket.AF_INET)
        server.connect(self.server)
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
        # Who waits in accept() is not woken by close() alone.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def kind(said):
    """How a connection began, and whether all of it was TLS records: type, version 3.x, length (RFC 8446 5.1)."""
    said = bytes(said)
    if CANCEL_REQUEST in said[8:]:
        return "a CancelRequest can be read in it"
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
# Name, options, and how requests go: those of PQcancelCreate's, and PQcancel's.
SCENARIOS = [
    ("plain", "user=pqp_hostnossl sslmode=disable", "plain", "plain"),
    ("unix", "user=pqp_trust sslmode=require", "plain", "plain"),
    ("refused", "user=pqp_hostnossl sslmode=prefer", "asked TLS", "plain"),
    ("allow", "user=pqp_hostssl sslmode=allow", "asked TLS", "asked TLS"),
    ("prefer", "user=pqp_hostssl sslmode=prefer", "asked TLS", "asked TLS"),
    ("1.3", "user=pqp_hostssl sslmode=require", "asked TLS", "asked TLS"),
    ("1.2", "user=pqp_hostssl sslmode=require ssl_max_protocol_version=TLSv1.2", "asked TLS", "asked TLS"),
    ("raced", "user=pqp_hostssl sslmode=require connect_race_delay_ms=1000", "asked TLS", "asked TLS"),
    ("verified", VERIFIED, "asked TLS", "asked TLS"),
    ("direct", "user=pqp_hostssl sslmode=require sslnegotiation=direct", "direct TLS", "direct TLS"),
]


def load(path):
    pq = real_servers.load(path)
    for name in ("PQcancelStart", "PQcancelSocket", "PQcancelPoll", "PQrequestCancel"):
        getattr(pq, name).argtypes = pq.PQcancelStatus.argtypes
    return pq


def one(path):
    pq = load(path)
    ours = hasattr(pq, "pqp_version")
    for version in ("15", "18"):
        watcher = pq.PQconnectdb(os.environ[f"PQP_DSN{version}"].encode())
        port = int(os.environ[f"PQP_PORT{version}"])
        for name, options, _, _ in SCENARIOS:
            if name == "direct" and version == "15":
                continue
            if name == "raced" and not ours:
                options = options.rsplit(" ", 1)[0]
            with tempfile.TemporaryDirectory(prefix="pqpx") as path:
                by_path = name == "unix"
                server = f"{os.environ[f'PQP_HOST{version}']}/.s.PGSQL.{port}" if by_path else ("127.0.0.1", port)
                relay = Relay(server, path if by_path else None)
                place = f"host={path if by_path else 'localhost'} port={relay.port} dbname=postgres gssencmode=disable"
                conn = pq.PQconnectdb(f"{place} {options}".encode())
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
    _, _, created, old = next(row for row in SCENARIOS if row[0] == scenario)
    return f"['{old if way == 'PQcancel' else created}']"


def expected_of_libpq(scenario, way):
    return "['plain']" if way == "PQcancel" or scenario == "allow" else expected(scenario, way)


def check(condition, *what):
    if not condition:
        print("not so:", *what)
        check.wrong += 1


check.wrong = 0


def failing(path):
    pq = load(path)
    port = int(os.environ["PQP_PORT18"])
    relay = Relay(("127.0.0.1", port))
    place = f"host=localhost port={relay.port} dbname=postgres gssencmode=disable user=pqp_hostssl sslmode=require"
    conn = pq.PQconnectdb(f"{place} connect_timeout=2".encode())
    check(pq.PQstatus(conn) == 0, pq.PQerrorMessage(conn))
    cancel = pq.PQgetCancel(conn)

    def says(size=256):
        text = ctypes.create_string_buffer(b"#" * 600, 600)
        outcome = pq.PQcancel(cancel, text, size)
        check(text.raw[size:] == b"#" * (600 - size), "written beyond", size, text.raw)
        return outcome, text.raw[:size]

    # A server that lets it connect and says nothing: bounded, and nothing in plain text, then or later.
    relay.mute, connections = True, len(relay.seen)
    outcome, text = says()
    check(outcome == 0 and text.startswith(b"PQcancel() -- connection to server at ") and b" failed: timeout expired\n\0" in text, text)
    check([bytes(said) for said in relay.seen[connections:]] == [SSL_REQUEST], relay.seen[connections:])
    # Another connection is not kept waiting by that.
    other = pq.PQconnectdb(f"host=localhost port={port} dbname=postgres gssencmode=disable user=pqp_hostssl sslmode=require".encode())
    slow = [threading.Thread(target=says) for _ in range(20)]
    for thread in slow:
        thread.start()
    watcher = pq.PQconnectdb(os.environ["PQP_DSN18"].encode())
    outcome = real_servers.sqlstate_of_query_under(pq, other, watcher, lambda: real_servers.cancel_plain(pq, other))
    check(outcome == "1 b'' 57014", outcome)
    check(any(thread.is_alive() for thread in slow), "the slow ones were no slower")
    for thread in slow:
        thread.join()
    pq.PQfinish(other)
    pq.PQfinish(watcher)
    # Nobody there.
    relay.close()
    outcome, whole = says()
    check(outcome == 0 and b" failed: Connection refused\n" in whole and whole.startswith(b"PQcancel() -- connection to"), whole)
    for size in (0, 1, 2, 9, 40):
        outcome, text = says(size)
        check(outcome == 0 and text == (whole[:size - 1] + b"\0" if size else b""), size, text)
    check(pq.PQcancel(cancel, None, 256) == 0, "NULL for errbuf")
    check(pq.PQrequestCancel(conn) == 0 and pq.PQerrorMessage(conn).startswith(b"PQcancel() -- connection to"), pq.PQerrorMessage(conn))
    pq.PQfreeCancel(cancel)
    pq.PQfinish(conn)
    # Files are not read again, and a server that is another one by now gets nothing.
    with tempfile.TemporaryDirectory(prefix="pqpx") as directory:
        for name in ("root.crt", "client-rsa.crt", "client-rsa.key"):
            with open(f"{real_servers.PLACES}/{name}", "rb") as source, open(f"{directory}/{name}", "wb") as copy:
                copy.write(source.read())
                os.fchmod(copy.fileno(), 0o600)
        relay = Relay(("127.0.0.1", port))
        conn = pq.PQconnectdb(f"host=localhost port={relay.port} dbname=postgres gssencmode=disable user=tlsuser sslmode=verify-full "
                              f"sslrootcert={directory}/root.crt sslcert={directory}/client-rsa.crt sslkey={directory}/client-rsa.key".encode())
        check(pq.PQstatus(conn) == 0, pq.PQerrorMessage(conn))
    watcher = pq.PQconnectdb(os.environ["PQP_DSN18"].encode())
    for way, cancel in WAYS.items():
        outcome = real_servers.sqlstate_of_query_under(pq, conn, watcher, lambda: cancel(pq, conn))
        check(outcome.startswith("1") and outcome.endswith("57014"), way, outcome)
    print(f"failing: {check.wrong} wrong")
    pq.PQfinish(watcher)
    sys.exit(check.wrong != 0)


def psql(library):
    """psql has its signal handler call PQcancel."""
    pq = load(library)
    for program, version in (("/usr/lib/postgresql/15/bin/psql", "15"), (f"{os.environ['PQP_BIN18']}/psql", "18")):
        for server in ("15", "18"):
            watcher = pq.PQconnectdb(os.environ[f"PQP_DSN{server}"].encode())
            relay = Relay(("127.0.0.1", int(os.environ[f"PQP_PORT{server}"])))
            environment = dict(os.environ, LD_LIBRARY_PATH=os.path.dirname(library), LC_ALL="C")
            command = [program, "-X", f"host=localhost port={relay.port} dbname=postgres user=pqp_hostssl sslmode=require gssencmode=disable application_name=pqp_psql{version}",
                       "-c", "select pg_sleep(60)"]
            running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            asleep = b"select count(*) from pg_stat_activity where wait_event = 'PgSleep' and application_name = 'pqp_psql%s'" % version.encode()
            while running.poll() is None:
                result = pq.PQexec(watcher, asleep)
                sleeps = pq.PQgetvalue(result, 0, 0) == b"1"
                pq.PQclear(result)
                if sleeps:
                    break
            with open(f"/proc/{running.pid}/maps") as maps:
                check(os.path.realpath(library) in maps.read(), program, "runs on another library")
            running.send_signal(signal.SIGINT)
            said = running.communicate(timeout=PATIENCE_S)[0]
            kinds = [kind(connection) for connection in relay.seen]
            check("Cancel request sent" in said and "canceling statement due to user request" in said, said)
            check(kinds == ["asked TLS"] * 2, program, kinds)
            relay.close()
            pq.PQfinish(watcher)
    print(f"psql: {check.wrong} wrong")
    sys.exit(check.wrong != 0)


def main():
    if sys.argv[1].startswith("--"):
        {"--one": one, "--failing": failing, "--psql": psql}[sys.argv[1]](sys.argv[2])
        return
    (code, reference), (our_code, ours) = both.run(__file__, sys.argv[1:3])
    wanted = (2 * len(SCENARIOS) - 1) * len(WAYS)
    wrong = int(code != 0 or our_code != 0 or len(ours) != wanted or len(reference) != len(ours))
    for theirs, found in zip(reference, ours):
        their_words, words = theirs.split("\t"), found.split("\t")
        as_it_should = len(words) == 5 and "57014" in words[3] and words[4] == expected(words[1], words[2])
        alike = len(words) == 5 and their_words == words[:4] + [expected_of_libpq(words[1], words[2])]
        if not (as_it_should and alike):
            wrong += 1
            print(f"- {theirs}\n+ {found}")
    print(f"{len(ours)} cancel requests; exit status {code} and {our_code}; {wrong} wrong")
    for more in ("--failing", "--psql"):
        try:
            command = [sys.executable, os.path.abspath(__file__), more, sys.argv[2]]
            wrong += subprocess.run(command, timeout=120).returncode != 0
        except subprocess.TimeoutExpired:
            print(f"{more} hangs")
            wrong += 1
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
