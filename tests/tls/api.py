#!/usr/bin/env python3
"""Compares what two libraries answer about TLS through their C functions: attributes, pass phrases, key logs.

usage: api.py REFERENCE OURS    fails where they differ but for the list in tests/data/deliberate_differences.txt
       api.py --one LIBRARY
"""
import ctypes
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

for room in ("facts", "support"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", room))
import tls_steps
from differences import Differences

NAMES = ("library", "key_bits", "cipher", "compression", "protocol", "alpn", "LIBRARY", "nonsense", "")
HOOK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


def load(path):
    pq = tls_steps.load(path)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, result, arguments in (
        ("PQsslAttribute", text, [pointer, text]), ("PQsslAttributeNames", ctypes.POINTER(text), [pointer]),
        ("PQsslStruct", pointer, [pointer, text]), ("PQgetssl", pointer, [pointer]), ("PQhost", text, [pointer]),
        ("PQinitSSL", None, [number]), ("PQinitOpenSSL", None, [number, number]),
        ("PQgetSSLKeyPassHook_OpenSSL", pointer, []), ("PQsetSSLKeyPassHook_OpenSSL", None, [pointer]),
        ("PQdefaultSSLKeyPassHook_OpenSSL", number, [pointer, number, pointer]), ("PQreset", None, [pointer]),
    ):
        getattr(pq, name).restype, getattr(pq, name).argtypes = result, arguments
    return pq


def attributes(pq, conn):
    names, listed = pq.PQsslAttributeNames(conn), []
    while names[len(listed)]:
        listed.append(names[len(listed)].decode())
    values = {name: pq.PQsslAttribute(conn, name.encode()) for name in NAMES}
    return pq.PQsslInUse(conn), listed, values, pq.PQsslStruct(conn, b"nonsense")


def connected(pq, directory, habits, options):
    server = tls_steps.Server(habits, directory)
    text = f"host=localhost hostaddr=127.0.0.1 port={server.port} user=a gssencmode=disable {options}"
    conn, states = tls_steps.drive(pq, text.encode())
    return server, conn, states


def ended(pq, server, conn, directory):
    said = pq.PQstatus(conn), pq.PQerrorMessage(conn).decode().replace(directory, "{dir}").replace(str(server.port), "PORT")
    pq.PQfinish(conn)
    server.close()
    return said + (server.steps(),)


def one(path):
    pq = load(path)
    with tempfile.TemporaryDirectory() as directory:
        os.environ["HOME"] = directory + "/home"
        tls_steps.certificates(directory)
        for attribute in about_attributes(pq, directory):
            print(*attribute, flush=True)
        for answer in about_pass_phrases(pq, directory):
            print(*answer, flush=True)
        for answer in about_the_terminal(path, directory):
            print(*answer, flush=True)
        for answer in about_key_logs(pq, directory):
            print(*answer, flush=True)
        for answer in about_server_names(pq):
            print(*answer, flush=True)
        for answer in about_two_at_once(pq, directory):
            print(*answer, flush=True)


# covers: 363 364 365 366
def about_attributes(pq, directory):
    pq.PQinitSSL(0)
    pq.PQinitOpenSSL(1, 1)
    yield "attributes of nothing", attributes(pq, None), pq.PQgetssl(None)
    for habits, options in (("ssl=S", "sslmode=require"), ("ssl=S vers=1.2", "sslmode=require"), ("alpn=no", "sslmode=require"),
                            ("ssl=N", "sslmode=prefer"), ("ssl=N", "sslmode=require"), ("tls=err:28000", "sslmode=require"),
                            ("hs=alert40", "sslmode=require"), ("ssl=S", "sslmode=disable")):
        server, conn, _ = connected(pq, directory, habits, options)
        # The pointers stay good.
        before = pq.PQsslAttribute(conn, b"cipher")
        yield "attributes", habits, options, attributes(pq, conn), before == pq.PQsslAttribute(conn, b"cipher")
        pq.PQreset(conn)
        yield "after a reset", attributes(pq, conn), ended(pq, server, conn, directory)


# covers: 362 363
def about_pass_phrases(pq, directory):
    subprocess.run(["openssl", "pkcs8", "-topk8", "-in", f"{directory}/client.key", "-out", f"{directory}/encrypted.key",
                    "-passout", "pass:secret"], check=True)
    os.chmod(f"{directory}/encrypted.key", 0o600)
    calls = []

    def right(buffer, size, conn):
        calls.append((size, pq.PQhost(conn), pq.PQstatus(conn), pq.PQerrorMessage(conn)[:20]))
        ctypes.memmove(buffer, b"secret", 7)
        return 6

    def by_default(buffer, size, conn):
        length = pq.PQdefaultSSLKeyPassHook_OpenSSL(buffer, size, conn)
        calls.append((length, ctypes.string_at(buffer, length + 1)))
        return length

    def answering(number):
        def hook(buffer, size, conn):
            calls[:] = [number]  # OpenSSL asks again for another format
            ctypes.memset(buffer, 0, 1)
            return number
        return hook

    kept = [HOOK(right), HOOK(by_default), HOOK(answering(0)), HOOK(answering(-1)), HOOK(answering(100_000))]
    hooks = {"none": None, "right": kept[0], "default": kept[1], "empty": kept[2], "refusing": kept[3], "lying": kept[4]}
    yield "hook at first", pq.PQgetSSLKeyPassHook_OpenSSL()
    for name, hook in hooks.items():
        pointer = ctypes.cast(hook, ctypes.c_void_p) if hook else None
        pq.PQsetSSLKeyPassHook_OpenSSL(pointer)
        yield "hook", name, pq.PQgetSSLKeyPassHook_OpenSSL() == (pointer.value if pointer else None)
        for options in ("sslpassword=secret", "sslpassword=wrong") + (("",) if hook else ()):
            for key in ("encrypted.key", "client.key"):
                for blocking in ("", "connect_timeout=10"):
                    server, conn, states = connected(
                        pq, directory, "tls=cert", f"sslmode=require sslcertmode=require sslcert={directory}/client.crt sslkey={directory}/{key} {options} {blocking}")
                    yield name, options, key, blocking, states, ended(pq, server, conn, directory), calls
                    calls.clear()
    pq.PQsetSSLKeyPassHook_OpenSSL(None)
    server, conn, _ = connected(pq, directory, "ssl=S", "sslmode=disable sslpassword=abcdefghij")
    for size in (1, 2, 5, 10, 11, 12, 20):
        buffer = ctypes.create_string_buffer(b"z" * 20)
        length = pq.PQdefaultSSLKeyPassHook_OpenSSL(buffer, size, conn)
        yield "default hook", size, length, buffer.raw[:length + 1]
    buffer = ctypes.create_string_buffer(b"z" * 20)
    yield "default hook without sslpassword", ended(pq, server, conn, directory)


# covers: 362
def about_the_terminal(path, directory):
    """Without a hook and without sslpassword the user is asked, in a process whose terminal is ours."""
    for name, keys in (("right", b"secret\n"), ("corrected", b"secrex\x7ft\n"), ("wrong", b"nonsense\n"), ("empty", b"\n")):
        server = tls_steps.Server("tls=cert", directory)
        conninfo = (f"host=localhost hostaddr=127.0.0.1 port={server.port} user=a gssencmode=disable sslmode=require "
                    f"sslcert={directory}/client.crt sslkey={directory}/encrypted.key")
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(sys.executable, [sys.executable, os.path.abspath(__file__), "--connect", path, conninfo])
        shown, answered = b"", False
        while True:
            try:
                data = os.read(terminal, 1000)
            except OSError:
                break
            if not data:
                break
            shown += data
            if b"pass phrase:" in shown and not answered:
                answered = True
                # The prompt may come before the terminal is quiet.
                while termios.tcgetattr(terminal)[3] & termios.ECHO:
                    time.sleep(0.01)
                os.write(terminal, keys)
        os.waitpid(pid, 0)
        os.close(terminal)
        server.close()
        said = shown.decode().replace(directory, "{dir}").replace(str(server.port), "PORT")
        yield "terminal", name, repr(said), server.steps()


def connect(path, conninfo):
    """At the end the terminal must be as it was: with echo."""
    pq = load(path)
    conn, _ = tls_steps.drive(pq, conninfo.encode())
    flags = termios.tcgetattr(sys.stdin)[3]
    print(pq.PQstatus(conn), pq.PQerrorMessage(conn), bool(flags & termios.ECHO), bool(flags & termios.ICANON), bool(flags & termios.ISIG))


# covers: 367
def about_key_logs(pq, directory):
    for habits in ("ssl=S", "ssl=S vers=1.2"):
        for name in ("keys", "keys", "missing/keys"):
            server, conn, _ = connected(pq, directory, habits, f"sslmode=require sslkeylogfile={directory}/{name}")
            said = ended(pq, server, conn, directory)
            try:
                with open(f"{directory}/{name}") as file:
                    lines = sorted((line.split(" ")[0], len(line.split(" ")[1]), len(line.strip().split(" ")[2])) for line in file)
                mode = oct(os.stat(f"{directory}/{name}").st_mode)
            except OSError:
                lines = mode = None
            yield "key log", habits, name, said, mode, lines


class Greeted:
    """Takes one connection, looks at the ClientHello and closes."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.seen = None
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        peer, _ = self.listener.accept()
        with peer, peer.makefile("rb") as stream:
            stream.read(8)
            peer.sendall(b"S")
            kind, _, length = struct.unpack("!BHH", stream.read(5))
            self.seen = server_name(stream.read(length)) if kind == 22 else "no handshake"

    def close(self):
        self.thread.join(10)
        self.listener.close()


def server_name(hello):
    """The server_name extension of a ClientHello (RFC 8446 4.1.2, RFC 6066 3)."""
    at = 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + struct.unpack_from("!H", hello, at)[0]
    at += 1 + hello[at]
    end = at + 2 + struct.unpack_from("!H", hello, at)[0]
    at += 2
    while at < end:
        kind, length = struct.unpack_from("!HH", hello, at)
        if kind == 0:
            return hello[at + 4 + 5:at + 4 + length]
        at += 4 + length
    return None


# covers: 359
def about_server_names(pq):
    names = ("localhost", "LOCALHOST", "a.b.test", "a.b.test.", "my_host.test", "127.0.0.1", "127.1", "12", "1.2.3.4.5", "0x7f.1", "1.test", "12a",
             "::1", "a:b", "x" * 63 + ".test", "xn--mnchen-3ya.test", "-a.test", "a-.test", "a..test", "*.test", "a b", "m\u00fcnchen.test")
    asked = [(name, None) for name in names] + [("a.test", sni) for sni in ("0", "1", "", "2", "10", "on", "01")]
    for name, sni in asked:
        server = Greeted()
        option = "" if sni is None else f"sslsni='{sni}'"
        conn, _ = tls_steps.drive(pq, f"host='{name}' hostaddr=127.0.0.1 port={server.port} user=a gssencmode=disable sslmode=require {option}".encode())
        pq.PQfinish(conn)
        server.close()
        yield "server name", name, sni, server.seen


# covers: 336
def about_two_at_once(pq, directory):
    """What is told of one connection, and then of another, is each one's own."""
    pair = [connected(pq, directory, habits, "sslmode=require") for habits in ("ssl=S", "alpn=no")]
    for _, conn, _ in pair * 2:
        yield "one of two", pq.PQsslAttribute(conn, b"key_bits"), pq.PQsslAttribute(conn, b"alpn"), pq.PQsslAttribute(conn, b"protocol")
    for server, conn, _ in pair:
        ended(pq, server, conn, directory)


def main():
    if sys.argv[1] == "--one":
        one(sys.argv[2])
        return
    if sys.argv[1] == "--connect":
        connect(*sys.argv[2:4])
        return
    answers = []
    for library in sys.argv[1:3]:
        done = subprocess.run([sys.executable, os.path.abspath(__file__), "--one", library], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        warnings = re.sub(r"/tmp/tmp\w+", "{dir}", done.stderr).splitlines()
        logs = [line for line in warnings if "logging file" in line]
        answers.append((done.returncode, done.stdout.splitlines() + [line for line in warnings if line not in logs] +
                        [f"{line}: {logs.count(line)} times" for line in sorted(set(logs))]))
    (code, reference), (our_code, ours) = answers
    wrong = int(code != 0 or our_code != 0 or len(reference) != len(ours) or len(reference) < 140)
    differences = Differences("tls/api")
    for expected, found in zip(reference, ours):
        if not differences.explain(found, expected, found):
            wrong += 1
            print(f"- {expected}\n+ {found}")
    wrong += differences.complain()
    print(f"{len(reference)} and {len(ours)} answers; exit status {code} and {our_code}; {wrong} wrong")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
