#!/usr/bin/env python3
"""Writes tests/data/connect_facts.tsv: what the reference libpq says in failing (and some succeeding) connects.

usage: connect.py /path/to/reference/libpq.so.5 > tests/data/connect_facts.tsv

Each row is a scenario: name, connection string, servers, and what the reference answered. tests/connect_facts.rs plays
the same scenario to this library and compares. A server is `unix5001:` (a socket of that port number in the directory
{dir}, which also holds a password file `pass` for it and for 127.0.0.1) or `tcp1:` (a loopback port, written {p1} in strings and texts), then the conversations, one a connection,
separated by `|`. Steps of a conversation, separated by blanks:
  S read a StartupMessage (or cancel, or negotiation request)   M read a message   W read until the client closes, 2.5 s
  C close   R reset   raw:TEXT send bytes   msg:KIND:TEXT send a message   auth:N[:TEXT] send an Authentication message
  err:SQLSTATE:TEXT send an ErrorResponse   ps:NAME:VALUE send a ParameterStatus   key send a BackendKeyData   z send ReadyForQuery
  row:TEXT send a one-column result with this value and its CommandComplete
TEXT has \\xNN, \\n, \\\\ escapes; blanks in it are written \\s.
"""
import ctypes
import os
import re
import shutil
import socket
import struct
import sys
import tempfile
import threading

for name in list(os.environ):
    if name.startswith("PG"):
        del os.environ[name]
os.environ["HOME"] = "/nonexistent"
os.environ["LC_ALL"] = "C"


def unescape(text):
    text = text.replace("\\s", " ")
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def escape(data):
    out = ""
    for byte in data:
        if byte == 10:
            out += "\\n"
        elif byte == 92:
            out += "\\\\"
        elif 32 <= byte < 127:
            out += chr(byte)
        else:
            out += f"\\x{byte:02x}"
    return out


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def step_bytes(step):
    name, _, rest = step.partition(":")
    if name == "raw":
        return unescape(rest)
    if name == "msg":
        kind, _, body = rest.partition(":")
        return message(unescape(kind), unescape(body))
    if name == "auth":
        code, _, body = rest.partition(":")
        return message(b"R", struct.pack("!I", int(code)) + unescape(body))
    if name == "err":
        state, _, text = rest.partition(":")
        fields = b"SFATAL\0VFATAL\0C" + state.encode() + b"\0M" + unescape(text) + b"\0\0"
        return message(b"E", fields)
    if name == "ps":
        key, _, value = rest.partition(":")
        return message(b"S", unescape(key) + b"\0" + unescape(value) + b"\0")
    if name == "key":
        return message(b"K", struct.pack("!II", 4711, 815))
    if name == "z":
        return message(b"Z", b"I")
    if name == "row":
        value = unescape(rest)
        description = struct.pack("!H", 1) + b"c\0" + struct.pack("!IHIhih", 0, 0, 25, -1, -1, 0)
        row = struct.pack("!Hi", 1, len(value)) + value
        return message(b"T", description) + message(b"D", row) + message(b"C", b"SHOW\0")
    raise ValueError(step)


def read_exactly(peer, count):
    data = b""
    while len(data) < count:
        piece = peer.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


# A silent server gives up after this long, so that a client that waits in vain ends too.
PATIENCE_S = 2.5


def converse(peer, script):
    peer.settimeout(PATIENCE_S)
    try:
        for step in script.split():
            if step == "S":
                read_exactly(peer, struct.unpack("!I", read_exactly(peer, 4))[0] - 4)
            elif step == "M":
                head = read_exactly(peer, 5)
                read_exactly(peer, struct.unpack("!I", head[1:])[0] - 4)
            elif step == "W":
                while peer.recv(4096):
                    pass
            elif step == "C":
                break
            elif step == "R":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                break
            else:
                peer.sendall(step_bytes(step))
    except (EOFError, OSError):
        pass
    peer.close()


class Servers:
    def __init__(self, specs, directory):
        self.ports = {}
        self.listeners = []
        for spec in filter(None, (s.strip() for s in specs.split(";"))):
            head, _, scripts = spec.partition(":")
            if head.startswith("unix"):
                listener = socket.socket(socket.AF_UNIX)
                listener.bind(f"{directory}/.s.PGSQL.{head[4:]}")
            else:
                listener = socket.socket(socket.AF_INET)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(("127.0.0.1", 0))
                self.ports[f"p{head[3:]}"] = listener.getsockname()[1]
            listener.listen(8)
            self.listeners.append(listener)
            threading.Thread(target=self.serve, args=(listener, scripts.split("|")), daemon=True).start()

    def serve(self, listener, scripts):
        for script in scripts:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            converse(peer, script)
        listener.close()

    def close(self):
        for listener in self.listeners:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()


def load(path):
    pq = ctypes.CDLL(path)
    for name in ["PQconnectdb"]:
        getattr(pq, name).restype = ctypes.c_void_p
        getattr(pq, name).argtypes = [ctypes.c_char_p]
    pq.PQping.argtypes = [ctypes.c_char_p]
    for name in ["PQerrorMessage", "PQhost", "PQhostaddr", "PQport"]:
        getattr(pq, name).restype = ctypes.c_char_p
        getattr(pq, name).argtypes = [ctypes.c_void_p]
    for name in ["PQstatus", "PQsocket", "PQconnectionNeedsPassword", "PQconnectionUsedPassword",
                 "PQbackendPID", "PQfullProtocolVersion"]:
        getattr(pq, name).argtypes = [ctypes.c_void_p]
    pq.PQfinish.argtypes = [ctypes.c_void_p]
    pq.PQfinish.restype = None
    return pq


def answer(pq, conninfo, specs):
    def in_world(call):
        directory = tempfile.mkdtemp(prefix="pqf", dir="/tmp")
        servers = Servers(specs, directory)
        with open(f"{directory}/pass", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write("{dir}:5001:*:*:from-file\n127.0.0.1:*:*:*:from-file\n".replace("{dir}", directory))
        unused = socket.socket()
        unused.bind(("127.0.0.1", 0))
        ports = dict(servers.ports, p0=unused.getsockname()[1])
        text = conninfo.replace("{dir}", directory)
        for name, port in ports.items():
            text = text.replace("{%s}" % name, str(port))
        if not text.startswith("postgres"):
            text = "sslmode=disable gssencmode=disable user=alice dbname=db " + text
        out = call(text.encode())
        servers.close()
        unused.close()
        shutil.rmtree(directory)
        out = out.replace(directory.encode(), b"{dir}")
        for name, port in ports.items():
            out = out.replace(str(port).encode(), b"{%s}" % name.encode())
        return out

    def connect(text):
        conn = pq.PQconnectdb(text)
        facts = [
            pq.PQstatus(conn), int(pq.PQsocket(conn) >= 0), pq.PQconnectionNeedsPassword(conn),
            pq.PQconnectionUsedPassword(conn), pq.PQbackendPID(conn), pq.PQfullProtocolVersion(conn),
        ]
        names = [pq.PQhost(conn), pq.PQhostaddr(conn), pq.PQport(conn)]
        line = b"\t".join([b" ".join(str(f).encode() for f in facts), b"|".join(names),
                           escape(pq.PQerrorMessage(conn)).encode()])
        pq.PQfinish(conn)
        return line

    line = in_world(connect)
    ping = in_world(lambda text: str(pq.PQping(text)).encode())
    facts, names, text = line.split(b"\t")
    return b"\t".join([facts + b" " + ping, names, text]).decode()


def scenarios():
    import connect_scenarios
    return connect_scenarios.SCENARIOS


def main():
    pq = load(sys.argv[1])
    print("# written by tests/facts/connect.py from the reference libpq; do not edit")
    print("# name\tconninfo\tservers\tstatus socket needs_password used_password pid protocol ping\thost|hostaddr|port\terror text")
    seen = set()
    for name, conninfo, specs in scenarios():
        assert name not in seen, name
        seen.add(name)
        print("\t".join([name, conninfo, specs, answer(pq, conninfo, specs)]), flush=True)


if __name__ == "__main__":
    main()
