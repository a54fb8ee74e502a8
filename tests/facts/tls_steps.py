#!/usr/bin/env python3
"""Writes tests/data/tls_steps.tsv: the steps the reference libpq takes to agree on encryption, and what it says.

usage: tls_steps.py /path/to/libpq.so.5 > tests/data/tls_steps.tsv
       tls_steps.py --check FILE /path/to/libpq.so.5      compares another library with a file written before

Each row is a scenario: name, options, the server's habits, and what was seen. All connect to 127.0.0.1 (host=localhost)
unless the options say otherwise. A server treats every connection by the same habits, blank-separated, the first of
each the default:
  ssl=S|N|E|X|C|S+        answer to SSLRequest: yes, no, an ErrorResponse, a stray byte, close, yes and a byte more
  gss=N|E|X|C             answer to GSSENCRequest
  hs=ok|alertNN|close|silent   the TLS handshake: done, refused with alert NN, closed, or never answered
  alpn=yes|no|other       the protocol it agrees on: postgresql, none, or another one (by a raw record it cannot: so
                          "other" is a server that only knows http/1.1 and ends with alert 120)
  tls=H plain=H           after the StartupMessage, over TLS or in plain text, H one of
                          ok | err:SQLSTATE | close | pw | pwbad | sasl:MECHANISM,... | cert (asks for a certificate, then ok)
                          | old (an error of protocol 2) | late:SQLSTATE (an error after AuthenticationOk) | late42704
                          (the same while an application_name is sent)
Columns of the answer: what the server saw (a connection in [], joined by blanks: SSLRequest GSSENCRequest Hello(alpn)
TLS Startup Startup+application_name Password Sasl(mechanism,binding) Cancel Closed), the distinct states in order, the outcome (status, whether there is a socket, PQsslInUse,
NeedsPassword, UsedPassword, PQping), and the error text.
"""
import ctypes
import os
import select
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
for name in list(os.environ):
    if name.startswith("PG") or name.startswith("KRB5"):
        del os.environ[name]
os.environ["LC_ALL"] = "C"
os.environ["KRB5_CONFIG"] = "/dev/null"

PATIENCE_S = 2.5
SSL_REQUEST, GSS_REQUEST, CANCEL = (1234 << 16) + 5679, (1234 << 16) + 5680, (1234 << 16) + 5678


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def error(sqlstate):
    return message(b"E", b"SFATAL\0VFATAL\0C" + sqlstate.encode() + b"\0Mrefused with " + sqlstate.encode() + b"\0\0")


READY = (message(b"R", struct.pack("!I", 0)) + message(b"S", b"server_version\0" b"18.6\0")
         + message(b"K", struct.pack("!II", 4711, 815)) + message(b"Z", b"I"))


def hello_alpn(record):
    """The ALPN names of a ClientHello, or '' where there are none."""
    at = 5 + 4 + 2 + 32
    at += 1 + record[at]
    at += 2 + struct.unpack_from("!H", record, at)[0]
    at += 1 + record[at]
    end = at + 2 + struct.unpack_from("!H", record, at)[0]
    at += 2
    while at < end:
        kind, size = struct.unpack_from("!HH", record, at)
        if kind == 16:
            body, names = record[at + 6:at + 4 + size], []
            while body:
                names.append(body[1:1 + body[0]].decode())
                body = body[1 + body[0]:]
            return "+".join(names)
        at += 4 + size
    return ""


def read_exactly(peer, count):
    data = b""
    while len(data) < count:
        piece = peer.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def peek_record(peer):
    """The first TLS record, left in the socket."""
    while True:
        data = peer.recv(16384, socket.MSG_PEEK)
        if not data:
            raise EOFError
        if len(data) >= 5 and len(data) >= 5 + struct.unpack_from("!H", data, 3)[0]:
            return data


class Server:
    """A server on a loopback port; what it sees is in `seen`."""

    def __init__(self, habits, certificates):
        self.habits = dict(ssl="S", gss="N", hs="ok", alpn="yes", tls="ok", plain="ok")
        self.habits.update(habit.split("=", 1) for habit in habits.split())
        self.certificates = certificates
        self.seen = []
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(8)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            steps = []
            self.seen.append(steps)
            peer.settimeout(PATIENCE_S)
            try:
                self.converse(peer, steps)
            except (EOFError, OSError, ssl.SSLError):
                steps.append("Closed")
            peer.close()

    def converse(self, peer, steps):
        if peer.recv(1, socket.MSG_PEEK) == b"\x16":
            return self.encrypt(peer, steps)
        while True:
            size, code = struct.unpack("!II", read_exactly(peer, 8))
            if code == SSL_REQUEST:
                steps.append("SSLRequest")
                habit = self.habits["ssl"]
                if habit == "C":
                    return
                peer.sendall({"E": error("0A000"), "S+": b"Sx"}.get(habit, habit[:1].encode()))
                if habit in ("S", "S+"):
                    return self.encrypt(peer, steps)
                if habit != "N":
                    peer.recv(100)
                    return
            elif code == GSS_REQUEST:
                steps.append("GSSENCRequest")
                habit = self.habits["gss"]
                if habit == "C":
                    return
                peer.sendall(error("0A000") if habit == "E" else habit.encode())
                if habit != "N":
                    return
            elif code == CANCEL:
                steps.append("Cancel")
                return
            else:
                self.startup(peer, size - 8, steps)
                return self.session(peer, steps, self.habits["plain"])

    def encrypt(self, peer, steps):
        record = peek_record(peer)
        steps.append(f"Hello({hello_alpn(record)})")
        habit = self.habits["hs"]
        if habit == "close":
            read_exactly(peer, len(record))
            return
        if habit == "silent":
            while peer.recv(4096):
                pass
            raise EOFError
        if habit.startswith("alert"):
            read_exactly(peer, len(record))
            peer.sendall(struct.pack("!BHHBB", 21, 0x0303, 2, 2, int(habit[5:])))
            peer.settimeout(0.5)
            peer.recv(4096)
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self.certificates}/server.crt", f"{self.certificates}/server.key")
        if self.habits["alpn"] == "yes":
            context.set_alpn_protocols(["postgresql"])
        elif self.habits["alpn"] == "other":
            context.set_alpn_protocols(["http/1.1"])
        if self.habits["tls"] == "cert":
            context.load_verify_locations(f"{self.certificates}/root.crt")
            context.verify_mode = ssl.CERT_OPTIONAL
        if "vers" in self.habits:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        peer = context.wrap_socket(peer, server_side=True)
        steps.append("TLS")
        size, code = struct.unpack("!II", read_exactly(peer, 8))
        if code == CANCEL:
            steps.append("Cancel")
            return
        self.startup(peer, size - 8, steps)
        self.session(peer, steps, self.habits["tls"])

    def startup(self, peer, size, steps):
        body = read_exactly(peer, size)
        steps.append("Startup+application_name" if b"application_name" in body else "Startup")

    def session(self, peer, steps, habit):
        if habit == "late42704" and steps[-1] != "Startup":
            peer.sendall(READY[:9] + error("42704"))
        elif habit in ("ok", "cert", "late42704"):
            peer.sendall(READY)
        elif habit.startswith("err:"):
            peer.sendall(error(habit[4:]))
        elif habit.startswith("late:"):
            peer.sendall(READY[:9] + error(habit[5:]))
        elif habit == "old":
            peer.sendall(b"EFATAL: too old\n\0")
        elif habit in ("pw", "pwbad"):
            peer.sendall(message(b"R", struct.pack("!I", 3)))
            self.message(peer)
            steps.append("Password")
            peer.sendall(READY if habit == "pw" else error("28P01"))
        elif habit.startswith("sasl:"):
            names = b"".join(name.encode() + b"\0" for name in habit[5:].split(","))
            peer.sendall(message(b"R", struct.pack("!I", 10) + names + b"\0"))
            body = self.message(peer)
            steps.append(f"Sasl({body.split(bytes(1))[0].decode()},{body.split(bytes(1), 1)[1][4:].split(b',')[0].decode()})")
            peer.sendall(error("28P01"))
        if habit != "close":
            while peer.recv(4096):
                pass

    def message(self, peer):
        head = read_exactly(peer, 5)
        return read_exactly(peer, struct.unpack("!I", head[1:])[0] - 4)

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join(5)

    def steps(self):
        # Whether a connection that says nothing is noticed at all is a matter of chance.
        return " ".join("[" + " ".join(steps) + "]" for steps in self.seen if steps != ["Closed"])


def certificates(directory):
    def openssl(*arguments, **more):
        subprocess.run(["openssl", *arguments], check=True, cwd=directory, capture_output=True, **more)

    for name in ("root", "other"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
                "-subj", f"/CN=Test {name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")
    for name, subject, names in (("server", "/CN=server", "DNS:localhost"), ("client", "/CN=alice", None)):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        with open(f"{directory}/{name}.ext", "w") as file:
            file.write(f"subjectAltName={names}\n" if names else "basicConstraints=CA:false\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "root.crt", "-CAkey", "root.key", "-CAcreateserial",
                "-days", "3650", "-extfile", f"{name}.ext", "-out", f"{name}.crt")
        os.chmod(f"{directory}/{name}.key", 0o600)
    with open(f"{directory}/pass", "w") as file:
        file.write("*:*:*:*:x\n")
    os.chmod(f"{directory}/pass", 0o600)


def load(path):
    pq = ctypes.CDLL(path)
    for name in ["PQconnectStart"]:
        getattr(pq, name).restype = ctypes.c_void_p
        getattr(pq, name).argtypes = [ctypes.c_char_p]
    pq.PQping.argtypes = [ctypes.c_char_p]
    pq.PQconnectdb.argtypes = [ctypes.c_char_p]
    pq.PQconnectdb.restype = ctypes.c_void_p
    pq.PQerrorMessage.restype = ctypes.c_char_p
    for name in ["PQerrorMessage", "PQstatus", "PQsocket", "PQconnectPoll", "PQsslInUse", "PQfinish",
                 "PQconnectionNeedsPassword", "PQconnectionUsedPassword"]:
        getattr(pq, name).argtypes = [ctypes.c_void_p]
    return pq


def drive(pq, text):
    """Connects by PQconnectPoll, or blocking where there is a time limit, which only that knows."""
    if b"connect_timeout" in text:
        return pq.PQconnectdb(text), []
    conn = pq.PQconnectStart(text)
    states, wanted = [], 2
    while True:
        status = pq.PQstatus(conn)
        if not states or states[-1] != status:
            states.append(status)
        if status == 1 or wanted in (0, 3):
            return conn, states
        fd = pq.PQsocket(conn)
        select.select([fd] if wanted == 1 else [], [fd] if wanted == 2 else [], [], 10)
        wanted = pq.PQconnectPoll(conn)


def escape(data):
    return data.decode("latin-1").replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def answer(pq, options, habits, directory):
    text = options.replace("{dir}", directory)
    servers = [Server(one.strip(), directory) for one in habits.split("|")]
    if "port=" not in text:
        text += " port=" + ",".join(str(server.port) for server in servers)
    if "host" not in text:
        text += " host=" + ",".join("localhost" for _ in servers) + " hostaddr=" + ",".join("127.0.0.1" for _ in servers)
    if "user=" not in text:
        text += " user=alice"
    if "gssencmode=" not in text:
        text += " gssencmode=disable"
    text += " dbname=db"
    conn, states = drive(pq, text.encode())
    facts = [pq.PQstatus(conn), int(pq.PQsocket(conn) >= 0), pq.PQsslInUse(conn), pq.PQconnectionNeedsPassword(conn), pq.PQconnectionUsedPassword(conn)]
    message_text = pq.PQerrorMessage(conn)
    pq.PQfinish(conn)
    for server in servers:
        server.close()
    seen = " | ".join(server.steps() for server in servers)
    again = [Server(one.strip(), directory) for one in habits.split("|")]
    for old, new in zip(servers, again):
        text = text.replace(str(old.port), str(new.port))
    facts.append(pq.PQping(text.encode()))
    for server in again:
        server.close()
    out = escape(message_text)
    for number, server in enumerate(servers):
        out = out.replace(str(server.port), "{p%d}" % number)
    out = out.replace(directory, "{dir}")
    return "\t".join([seen, " ".join(map(str, states)), " ".join(map(str, facts)), out])


def main():
    import tls_steps_scenarios
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
    from differences import Differences
    arguments = sys.argv[1:]
    expected = None
    if arguments[0] == "--check":
        with open(arguments[1]) as file:
            expected = [line.rstrip("\n") for line in file if not line.startswith("#")]
        arguments = arguments[2:]
    only = arguments[1:]
    directory = tempfile.mkdtemp(prefix="pqs", dir="/tmp")
    os.environ["HOME"] = directory + "/home"
    certificates(directory)
    pq = load(arguments[0])
    try:
        if expected is None:
            print("# written by tests/facts/tls_steps.py from the reference libpq; do not edit")
            print("# name\toptions\thabits\tsteps\tstates\tstatus socket ssl needs_password used_password ping\terror text")
            names = set()
            for name, options, habits in tls_steps_scenarios.SCENARIOS:
                assert name not in names, name
                names.add(name)
                if not only or name in only:
                    print("\t".join([name, options, habits, answer(pq, options, habits, directory)]), flush=True)
            return
        wrong = 0
        differences = Differences("tls_steps")
        for line in expected:
            name, options, habits = line.split("\t")[:3]
            if only and name not in only:
                continue
            found = "\t".join([name, options, habits, answer(pq, options, habits, directory)])
            if not differences.explain(name, line, found):
                wrong += 1
                print(f"- {line}\n+ {found}")
        if not only:
            wrong += differences.complain()
        print(f"{wrong} of {len(expected)} differ")
        sys.exit(wrong != 0)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
