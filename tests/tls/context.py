#!/usr/bin/env python3
"""What a context holds of TLS by value, on real servers: authorities, certificate and key, and who knows its pass phrase.

usage: context.py LIBRARY    in the environment of tests/setup/with_servers.sh; fails where something is not so
"""
import ctypes
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import real_servers

PROVIDER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
HOOK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
OK, PROVIDED, REFUSED = 0, 1, -1
CHECK = b"select concat_ws(' ', ssl, client_dn) from pg_stat_ssl where pid = pg_backend_pid()"


def load(path):
    pq = real_servers.load(path)
    pointer, text, size, status = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int
    for name, result, arguments in (
        ("pqp_context_new", pointer, []), ("pqp_context_default", pointer, []), ("pqp_context_free", None, [pointer]),
        ("pqp_context_set_env_policy", status, [pointer, ctypes.c_int]),
        ("pqp_context_set_tls_roots", status, [pointer, text, size]),
        ("pqp_context_set_tls_identity", status, [pointer, text, size, text, size]),
        ("pqp_context_set_key_password_provider", status, [pointer, pointer, pointer, pointer]),
        ("pqp_factory_new", pointer, [pointer, text, pointer]), ("pqp_factory_connect", pointer, [pointer]),
        ("pqp_factory_free", None, [pointer]), ("pqp_answer_password", status, [pointer, text]),
        ("PQsetSSLKeyPassHook_OpenSSL", None, [pointer]), ("PQhost", text, [pointer]),
    ):
        getattr(pq, name).restype, getattr(pq, name).argtypes = result, arguments
    return pq


def pem(name):
    with open(f"{real_servers.PLACES}/{name}", "rb") as file:
        return file.read()


class Context:
    """A context of its own, with what it was given; the buffers it was given it from are overwritten at once."""

    def __init__(self, pq, roots=None, identity=None, provider=None):
        self.pq, self.of = pq, pq.pqp_context_new()
        self.provider = PROVIDER(provider) if provider else None
        self.roots(roots)
        self.identity(*(identity or (None, None)))
        if provider:
            pointer = ctypes.cast(self.provider, ctypes.c_void_p)
            assert pq.pqp_context_set_key_password_provider(self.of, pointer, None, None) == OK

    def roots(self, data):
        copy = ctypes.create_string_buffer(data) if data else None
        assert self.pq.pqp_context_set_tls_roots(self.of, copy and ctypes.cast(copy, ctypes.c_char_p), len(data or b"")) == OK
        wipe(copy)

    def identity(self, certificate, key):
        copies = [ctypes.create_string_buffer(data) if data else None for data in (certificate, key)]
        texts = [copy and ctypes.cast(copy, ctypes.c_char_p) for copy in copies]
        done = self.pq.pqp_context_set_tls_identity(self.of, texts[0], len(certificate or b""), texts[1], len(key or b""))
        assert done == OK
        for copy in copies:
            wipe(copy)

    def connect(self, conninfo):
        """What the server says of the connection, or why there is none."""
        factory = self.pq.pqp_factory_new(self.of, conninfo.encode(), None)
        conn = self.pq.pqp_factory_connect(factory)
        said = answer(self.pq, conn)
        self.pq.pqp_factory_free(factory)
        return said


def wipe(copy):
    if copy:
        ctypes.memset(copy, 0, len(copy))


def answer(pq, conn):
    if pq.PQstatus(conn) == 0:
        result = pq.PQexec(conn, CHECK)
        said = pq.PQgetvalue(result, 0, 0).decode()
        pq.PQclear(result)
    else:
        said = pq.PQerrorMessage(conn).decode()
    pq.PQfinish(conn)
    return said


def main():
    pq = load(sys.argv[1])
    wrong = asked = 0
    calls = []

    def check(name, said, *expected):
        nonlocal wrong, asked
        asked += 1
        if not all(part in said for part in expected):
            wrong += 1
            print(f"{name}: {said!r} without {[part for part in expected if part not in said]}")

    def giving(password):
        def provider(_user, conn, request):
            calls.append(pq.PQhost(conn))
            return PROVIDED if pq.pqp_answer_password(request, password) == OK else REFUSED
        return provider

    root, other_root = pem("root.crt"), pem("root-other.crt")
    identity = pem("client-rsa.crt"), pem("client-rsa.key")
    locked = pem("client-rsa.crt"), pem("client-rsa.pbes2-aes256.key")
    yes, refused, no_certificate = "t /CN=tlsuser", "SSL error: certificate verify failed", "connection requires a valid client certificate"
    for version in ("15", "18"):
        place = f"host=localhost port={os.environ['PQP_PORT' + version]} dbname=postgres gssencmode=disable user=tlsuser"
        full, require = f"{place} sslmode=verify-full", f"{place} sslmode=require"
        both = Context(pq, root, identity)
        check("roots and identity", both.connect(full), yes)
        check("the name is looked at", both.connect(full.replace("host=localhost", "host=elsewhere.test hostaddr=127.0.0.1")),
              'does not match host name "elsewhere.test"')
        check("roots count under require", Context(pq, other_root, identity).connect(require), refused)
        check("the wrong roots", Context(pq, other_root, identity).connect(full), refused)
        check("no roots", Context(pq, None, identity).connect(full), "root certificate file", "does not exist")
        check("no identity", Context(pq, root).connect(full), no_certificate)
        check("sslrootcert comes first", Context(pq, other_root, identity).connect(f"{full} sslrootcert={real_servers.PLACES}/root.crt"), yes)
        check("sslcert comes first", Context(pq, root, (pem("client-other.crt"), pem("client-other.key"))).connect(
            f"{full} {real_servers.client('client-rsa')}"), yes)
        check("sslcertmode", both.connect(f"{full} sslcertmode=disable"), no_certificate)
        check("roots that are no PEM", Context(pq, b"nonsense", identity).connect(full), "root certificate")
        check("an identity that is no PEM", Context(pq, root, (b"nonsense", b"nonsense")).connect(full), "certificate")
        check("key of another", Context(pq, root, (identity[0], pem("client-other.key"))).connect(full), "private key")
        both.roots(other_root)
        check("changed", both.connect(full), refused)
        both.roots(root)
        both.identity(None, None)
        check("taken back", both.connect(full), no_certificate)

        # Pass phrases: the context's provider, sslpassword, and the process's hook, which is no matter of a context's.
        hook = HOOK(lambda buffer, _size, conn: calls.append(b"the process's") or 0)
        pq.PQsetSSLKeyPassHook_OpenSSL(ctypes.cast(hook, ctypes.c_void_p))
        calls.clear()
        check("pass phrase", Context(pq, root, locked, giving(b"secret")).connect(full), yes)
        check("asked once, about its connection", str(calls), str([b"localhost"]))
        check("a wrong one", Context(pq, root, locked, giving(b"wrong")).connect(full), "private key")
        check("refused", Context(pq, root, locked, lambda *_: REFUSED).connect(full), "private key")
        calls.clear()
        check("by sslpassword", Context(pq, root, locked).connect(f"{full} sslpassword=secret"), yes)
        check("with a file", Context(pq, root, None, giving(b"secret")).connect(
            f"{full} sslcert={real_servers.PLACES}/client-rsa.crt sslkey={real_servers.PLACES}/client-rsa.pbes2-aes256.key"), yes)
        check("two contexts at once", Context(pq, root, locked, giving(b"wrong")).connect(full)
              + Context(pq, root, locked, giving(b"secret")).connect(full), "private key", yes)
        check("nobody asked the process's hook", str(b"the process's" in calls), "False")
        conn = pq.PQconnectdb(f"{full} sslrootcert={real_servers.PLACES}/root.crt sslcert={real_servers.PLACES}/client-rsa.crt "
                              f"sslkey={real_servers.PLACES}/client-rsa.pbes2-aes256.key".encode())
        check("the default context has none of it", answer(pq, conn), "private key")
        check("but the process's hook", str(calls), "the process's")
        calls.clear()
        standard = pq.pqp_context_default()
        provider = PROVIDER(giving(b"secret"))
        pq.pqp_context_set_key_password_provider(standard, ctypes.cast(provider, ctypes.c_void_p), None, None)
        conn = pq.PQconnectdb(f"{full} sslrootcert={real_servers.PLACES}/root.crt sslcert={real_servers.PLACES}/client-rsa.crt "
                              f"sslkey={real_servers.PLACES}/client-rsa.pbes2-aes256.key".encode())
        check("a provider of the default context", answer(pq, conn), yes)
        check("comes before the process's hook", str(calls), str([b"localhost"]))
        pq.pqp_context_set_key_password_provider(standard, None, None, None)
        pq.pqp_context_free(standard)
        pq.PQsetSSLKeyPassHook_OpenSSL(None)
    print(f"{asked} answers about contexts; {wrong} wrong")
    sys.exit(wrong != 0 or asked != 52)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        main()
