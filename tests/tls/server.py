#!/usr/bin/python3
"""A TLS server for each server certificate in a directory, as far as a client needs to see one.

usage: server.py DIR

Prints "NAME PORT" for each certificate, then "ready". Each server takes direct TLS and TLS behind an
SSLRequest, with ALPN "postgresql", reads the startup packet and answers with an ErrorResponse that
says which client certificate it saw. It ends when its standard input does.

Beside the certificates' names there are
  NAME+client   wants a client certificate from root.crt
  server+tls12  speaks TLS 1.2 only; server+tls13 only 1.3
  server+noalpn without ALPN; server+otheralpn with another protocol than ours
  server+tls11  speaks TLS 1.1 only
"""

import glob
import os
import selectors
import socket
import ssl
import struct
import sys
import threading


def context(directory, name):
    base, _, kind = name.partition("+")
    chain = os.path.join(directory, base + ".chain.crt")
    if not os.path.exists(chain):
        chain = os.path.join(directory, base + ".crt")
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.set_ciphers("ALL:@SECLEVEL=0")
    ctx.load_cert_chain(chain, os.path.join(directory, base + ".key"))
    if kind == "client":
        ctx.verify_mode = ssl.CERT_REQUIRED
        ctx.load_verify_locations(os.path.join(directory, "root.crt"))
    if kind == "tls11":
        ctx.minimum_version = ssl.TLSVersion.TLSv1_1
        ctx.maximum_version = ssl.TLSVersion.TLSv1_1
    if kind == "tls12":
        ctx.maximum_version = ssl.TLSVersion.TLSv1_2
    if kind == "tls13":
        ctx.minimum_version = ssl.TLSVersion.TLSv1_3
    if kind == "otheralpn":
        ctx.set_alpn_protocols(["http/1.1"])
    elif kind != "noalpn":
        ctx.set_alpn_protocols(["postgresql"])
    return ctx


def exactly(stream, count):
    got = b""
    while len(got) < count:
        more = stream.recv(count - len(got))
        if not more:
            raise EOFError
        got += more
    return got


def serve(sock, ctx):
    sock.settimeout(20)
    try:
        first = sock.recv(8, socket.MSG_PEEK)
        if first[:1] == b"\0":
            exactly(sock, 8)
            sock.sendall(b"S")
        tls = ctx.wrap_socket(sock, server_side=True)
        length = struct.unpack("!i", exactly(tls, 4))[0]
        exactly(tls, length - 4)
        subject = tls.getpeercert() and dict(p[0] for p in tls.getpeercert()["subject"])
        seen = subject["commonName"] if subject else "none"
        fields = b"SFATAL\0VFATAL\0C28000\0Mclient certificate: " + seen.encode() + b"\0\0"
        tls.sendall(b"E" + struct.pack("!i", len(fields) + 4) + fields)
        tls.unwrap()
    except (OSError, EOFError):
        pass
    finally:
        sock.close()


def main():
    directory = sys.argv[1]
    names = [os.path.basename(p)[:-4] for p in glob.glob(os.path.join(directory, "server*.crt"))]
    names = sorted(n for n in names if not n.endswith(".chain"))
    names += ["server+" + k for k in ("client", "tls11", "tls12", "tls13", "noalpn", "otheralpn")]
    names += ["server-p256+tls12", "server-p256+client", "server-rsapss+tls12", "server-v1+tls12"]
    names += ["server-ed25519+tls12", "server-rsa1024+tls12"]
    wait = selectors.DefaultSelector()
    for name in names:
        listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        wait.register(listener, selectors.EVENT_READ, context(directory, name))
        print(name, listener.getsockname()[1])
    print("ready", flush=True)
    wait.register(sys.stdin, selectors.EVENT_READ, None)
    while True:
        for key, _ in wait.select():
            if key.data is None:
                if not os.read(0, 100):
                    return
                continue
            sock, _ = key.fileobj.accept()
            threading.Thread(target=serve, args=(sock, key.data), daemon=True).start()


main()
