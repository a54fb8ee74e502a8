#!/usr/bin/env python3
"""Compares what two libraries say of TLS that breaks: alerts of every number, ends and resets at every place, nonsense.

usage: broken.py REFERENCE OURS    fails where they differ but for the list in tests/data/deliberate_differences.txt
       broken.py --one LIBRARY       prints what one library says, a line a case

The server's flight is OpenSSL's, taken from memory, so that it can be cut, replaced and tampered with byte by byte.
"""
import ctypes
import os
import socket
import ssl
import struct
import sys
import tempfile
import threading

for room in ("facts", "support"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", room))
import both
import tls_steps
from differences import Differences

PATIENCE_S = 20
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
message = tls_steps.message


def record(kind, body, version=0x0303):
    return struct.pack("!BHH", kind, version, len(body)) + body


def alert(level, number):
    return record(21, bytes([level, number]))


class Server:
    """Plays one case on one connection: `case(self)` gives "close" or "reset" for the end."""

    def __init__(self, directory, version, case):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f"{directory}/server.crt", f"{directory}/server.key")
        self.context.set_alpn_protocols(["postgresql"])
        self.context.maximum_version = VERSIONS[version]
        self.case = case
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(1)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        self.peer, _ = self.listener.accept()
        self.peer.settimeout(PATIENCE_S)
        self.incoming, self.outgoing, self.plain = ssl.MemoryBIO(), ssl.MemoryBIO(), b""
        self.tls = self.context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        try:
            tls_steps.read_exactly(self.peer, 8)
            self.peer.sendall(b"S")
            how = self.case(self)
        except (OSError, EOFError, ssl.SSLError):
            how = "close"
        if how == "reset":
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how == "close":
            # Nothing unread may be left, or the end would be a reset.
            try:
                self.peer.shutdown(socket.SHUT_WR)
                while self.peer.recv(65536):
                    pass
            except OSError:
                pass
        self.peer.close()
        self.listener.close()

    def hello(self):
        """Waits for the ClientHello and gives our flight, which is not sent."""
        self.incoming.write(tls_steps.peek_record(self.peer))
        self.peer.recv(len(tls_steps.peek_record(self.peer)))
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()

    def pump(self, call):
        while True:
            try:
                result = call()
                self.peer.sendall(self.outgoing.read())
                return result
            except ssl.SSLWantReadError:
                self.peer.sendall(self.outgoing.read())
                data = self.peer.recv(65536)
                if not data:
                    raise EOFError
                self.incoming.write(data)

    def read(self, count):
        while len(self.plain) < count:
            self.plain += self.pump(lambda: self.tls.read(65536))
        data, self.plain = self.plain[:count], self.plain[count:]
        return data

    def session(self):
        """Up to the first query."""
        self.pump(self.tls.do_handshake)
        self.read(struct.unpack("!I", self.read(4))[0] - 4)
        self.tls.write(tls_steps.READY)
        self.peer.sendall(self.outgoing.read())
        self.read(struct.unpack("!I", self.read(5)[1:])[0] - 4)

    def encrypted(self, data):
        self.tls.write(data)
        return self.outgoing.read()


ROW = (message(b"T", struct.pack("!H", 1) + b"c\0" + struct.pack("!IHIhih", 0, 0, 25, -1, -1, 0))
       + message(b"D", struct.pack("!HI", 1, 1) + b"a"))


def instead_of_hello(data, how="close"):
    def case(server):
        server.hello()
        server.peer.sendall(data)
        return how
    return case


def cut(share, how):
    """So much of the server's flight, in tenths, or a number of bytes."""
    def case(server):
        flight = server.hello()
        server.peer.sendall(flight[:share if isinstance(share, int) else int(len(flight) * share)])
        return how
    return case


def before_hello(how):
    return lambda server: how


def in_data(make, how="close"):
    """After the session has begun; `make(server)` gives what follows the query."""
    def case(server):
        server.session()
        server.peer.sendall(make(server))
        return how
    return case


def tampered(server):
    data = bytearray(server.encrypted(ROW))
    data[-1] ^= 1
    return bytes(data)


def cases():
    for number in [0, 10, 20, 21, 22, 30, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 60, 70, 71, 80, 86, 90, 100, 109,
                   110, 111, 112, 113, 114, 115, 116, 120, 121, 255]:
        yield f"alert/{number}", instead_of_hello(alert(2, number))
    for number in (0, 90, 100, 112, 40):
        yield f"warning/{number}", instead_of_hello(alert(1, number))
    yield "alert/level_3", instead_of_hello(alert(3, 40))
    yield "alert/short", instead_of_hello(record(21, b"\2"))
    for how in ("close", "reset"):
        if how == "close":
            yield f"before_hello/{how}", before_hello(how)
        for share in (0, 1, 3, 5, 6, 50, 0.3, 0.6, 0.9):
            yield f"flight/{share}/{how}", cut(share, how)
    for name, data in (
        ("http", b"HTTP/1.0 400 Bad Request\r\n\r\n"),
        ("error_response", tls_steps.error("57P03")),
        ("zeros", bytes(100)),
        ("ssh", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("data_first", record(23, b"x" * 40)),
        ("unknown_type", record(99, b"x" * 40)),
        ("too_long", struct.pack("!BHH", 22, 0x0303, 0xffff) + b"x" * 40),
        ("empty", record(22, b"") * 2),
        ("old_version", record(22, b"\2\0\0\x26" + b"\2\0" + bytes(32) + b"\0\0\x2f\0", 0x0200)),
        ("ssl3_hello", record(22, b"\2\0\0\x26" + b"\3\0" + bytes(32) + b"\0\0\x2f\0", 0x0300)),
        ("tls10_hello", record(22, b"\2\0\0\x26" + b"\3\1" + bytes(32) + b"\0\0\x2f\0", 0x0301)),
        ("tls11_hello", record(22, b"\2\0\0\x26" + b"\3\2" + bytes(32) + b"\0\0\x2f\0", 0x0302)),
        ("strange_message", record(22, b"\x0e\0\0\0")),
    ):
        yield f"nonsense/{name}", instead_of_hello(data)
    for how in ("close", "reset"):
        yield f"data/nothing/{how}", in_data(lambda server: b"", how)
        for share in (1, 5, 6, 30):
            yield f"data/cut/{share}/{how}", in_data(lambda server, share=share: server.encrypted(ROW)[:share], how)
        yield f"data/row/{how}", in_data(lambda server: server.encrypted(ROW), how)
    yield "data/tampered", in_data(tampered)
    yield "data/row_then_tampered", in_data(lambda server: server.encrypted(ROW) + tampered(server))
    yield "data/plain_error", in_data(lambda server: tls_steps.error("57P01"))
    yield "data/plain_alert", in_data(lambda server: alert(2, 40))
    yield "data/too_long", in_data(lambda server: struct.pack("!BHH", 23, 0x0303, 0xffff) + b"x" * 40)
    yield "data/error_then_end", in_data(lambda server: server.encrypted(tls_steps.error("57P01")))


def load(path):
    pq = tls_steps.load(path)
    pointer = ctypes.c_void_p
    for name, result, arguments in (("PQconnectdb", pointer, [ctypes.c_char_p]), ("PQexec", pointer, [pointer, ctypes.c_char_p]),
                                    ("PQresultStatus", ctypes.c_int, [pointer]), ("PQclear", None, [pointer])):
        getattr(pq, name).restype, getattr(pq, name).argtypes = result, arguments
    return pq


def one(path):
    pq = load(path)
    with tempfile.TemporaryDirectory() as directory:
        os.environ["HOME"] = directory
        tls_steps.certificates(directory)
        for version in VERSIONS:
            for name, case in cases():
                server = Server(directory, version, case)
                text = f"host=localhost hostaddr=127.0.0.1 port={server.port} user=u dbname=d sslmode=require gssencmode=disable"
                conn = pq.PQconnectdb(text.encode())
                said = [pq.PQstatus(conn), pq.PQsslInUse(conn)]
                if said[0] == 0:
                    result = pq.PQexec(conn, b"select 1")
                    said += [pq.PQresultStatus(result), pq.PQstatus(conn), pq.PQsslInUse(conn)]
                    pq.PQclear(result)
                words = pq.PQerrorMessage(conn).decode("latin-1").replace(str(server.port), "PORT").replace("\n", "\\n")
                pq.PQfinish(conn)
                server.thread.join(PATIENCE_S)
                print(f"{version}/{name}", *said, words, sep="\t", flush=True)


def main():
    if sys.argv[1] == "--one":
        one(sys.argv[2])
        return
    (code, reference), (our_code, ours) = both.run(__file__, sys.argv[1:3])
    wrong = int(code != 0 or our_code != 0 or len(reference) != len(ours) or len(reference) < 150)
    differences = Differences("tls/broken")
    for expected, found in zip(reference, ours):
        if not differences.explain(expected.split("\t")[0], expected, found):
            wrong += 1
            print(f"- {expected}\n+ {found}")
    wrong += differences.complain()
    print(f"{len(reference)} ways to break; exit status {code} and {our_code}; {wrong} wrong")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
