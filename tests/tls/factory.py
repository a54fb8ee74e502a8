#!/usr/bin/env python3
"""A factory whose files of certificates and keys are changed while it lives, on real servers: what is kept of them between
connections is never what they were.

usage: factory.py LIBRARY    in the environment of tests/setup/with_servers.sh; fails where something is not so
"""
import ctypes
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import context
import real_servers

YES, REFUSED = "t /CN=tlsuser", "SSL error: certificate verify failed"
NO_CERTIFICATE = "connection requires a valid client certificate"


def main(home):
    pq = context.load(sys.argv[1])
    wrong = asked = 0

    def put(name, target):
        """The file is another one from now on. All that are put are old, so what is made of them may be kept."""
        path = f"{home}/{name}"
        if os.path.lexists(path):
            os.unlink(path)
        if target:
            os.symlink(f"{real_servers.PLACES}/{target}", path)

    for version in ("15", "18"):
        calls = []

        def give(_user, _conn, request):
            calls.append(request)
            return context.PROVIDED if pq.pqp_answer_password(request, b"secret") == context.OK else context.REFUSED

        of = context.Context(pq, provider=give)
        for name, target in (("root.crt", "root.crt"), ("my.crt", "client-rsa.crt"), ("my.key", "client-rsa.key")):
            put(name, target)
        conninfo = (f"host=localhost port={os.environ['PQP_PORT' + version]} dbname=postgres gssencmode=disable user=tlsuser "
                    f"sslmode=verify-full sslrootcert={home}/root.crt sslcert={home}/my.crt sslkey={home}/my.key")
        factory = pq.pqp_factory_new(of.of, conninfo.encode(), None)

        def check(what, expected):
            nonlocal wrong, asked
            asked += 1
            said = context.answer(pq, pq.pqp_factory_connect(factory))
            if expected not in said:
                wrong += 1
                print(f"{version}: {what}: {said!r} without {expected!r}")

        check("at first", YES)
        check("again", YES)
        put("root.crt", "root-other.crt")
        check("other authorities", REFUSED)
        check("again", REFUSED)
        put("root.crt", "root.crt")
        check("the right ones", YES)
        put("my.crt", None)
        check("no certificate", NO_CERTIFICATE)
        put("my.crt", "client-p256.crt")
        check("the key of another", "private key")
        put("my.key", "client-p256.key")
        check("a new certificate and its key", YES)
        put("root.crt", None)
        check("no authorities", "root certificate file")
        put("root.crt", "root.crt")
        put("my.crt", "client-rsa.crt")
        put("my.key", "client-rsa.pbes2-aes256.key")
        check("a key with a pass phrase", YES)
        check("again", YES)
        if len(calls) != 2:
            wrong += 1
            print(f"{version}: the pass phrase was asked for {len(calls)} times")
        put("my.key", "client-rsa.key")
        check("without one", YES)
        check("again", YES)
        pq.pqp_factory_free(factory)
    print(f"{asked} connections of factories; {wrong} wrong")
    sys.exit(wrong != 0 or asked != 26)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        main(home)
