#!/usr/bin/env python3
"""Compares two libraries over TLS on real servers: every way of logging in under every sslmode.

usage: real_servers.py REFERENCE OURS    in the environment of tests/setup/with_servers.sh; fails where they differ but for the list
                                        in tests/data/deliberate_differences.txt
       real_servers.py --one LIBRARY       prints what one library does, a line a scenario
       real_servers.py --by-value LIBRARY  certificates and keys by value against the same in files

A line: scenario, PQstatus, PQsslInUse, PQconnectionUsedPassword, what PQsslAttribute says, what the server says in
pg_stat_ssl, what became of a cancel request under way (PQcancelBlocking and the SQLSTATE of the query; then PQcancel), the
error text. Each library runs in a process of its own.
"""
import ctypes
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from differences import Differences

MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
ATTRIBUTES = ("key_bits", "cipher", "compression", "protocol", "alpn")
PLACES = os.environ.get("PQP_CERTIFICATES", "")


def load(path):
    pq = ctypes.CDLL(path)
    conn, text = ctypes.c_void_p, ctypes.c_char_p
    for name, result, arguments in (
        ("PQconnectdb", conn, [text]), ("PQfinish", None, [conn]), ("PQstatus", ctypes.c_int, [conn]),
        ("PQerrorMessage", text, [conn]), ("PQsslInUse", ctypes.c_int, [conn]),
        ("PQconnectionUsedPassword", ctypes.c_int, [conn]), ("PQsslAttribute", text, [conn, text]),
        ("PQexec", conn, [conn, text]), ("PQgetvalue", text, [conn, ctypes.c_int, ctypes.c_int]),
        ("PQclear", None, [conn]), ("PQsendQuery", ctypes.c_int, [conn, text]), ("PQgetResult", conn, [conn]),
        ("PQresultErrorField", text, [conn, ctypes.c_int]), ("PQcancelCreate", conn, [conn]),
        ("PQcancelBlocking", ctypes.c_int, [conn]), ("PQcancelFinish", None, [conn]),
        ("PQcancelErrorMessage", text, [conn]), ("PQcancelStatus", ctypes.c_int, [conn]),
        ("PQgetCancel", conn, [conn]), ("PQcancel", ctypes.c_int, [conn, text, ctypes.c_int]),
        ("PQfreeCancel", None, [conn]), ("PQreset", None, [conn]), ("PQbackendPID", ctypes.c_int, [conn]),
    ):
        getattr(pq, name).restype, getattr(pq, name).argtypes = result, arguments
    return pq


def wait_until_asleep(pq, watcher, pid):
    """A cancel request that comes before the query does nothing."""
    while True:
        result = pq.PQexec(watcher, b"select count(*) from pg_stat_activity where wait_event = 'PgSleep' and pid = %d" % pid)
        asleep = pq.PQgetvalue(result, 0, 0) == b"1"
        pq.PQclear(result)
        if asleep:
            return


def sqlstate_of_query_under(pq, conn, watcher, cancel):
    pq.PQsendQuery(conn, b"select pg_sleep(60)")
    wait_until_asleep(pq, watcher, pq.PQbackendPID(conn))
    outcome = cancel()
    state = None
    while result := pq.PQgetResult(conn):
        state = pq.PQresultErrorField(result, ord("C")) or b"none"
        pq.PQclear(result)
    return f"{outcome} {state.decode()}"


def cancel_blocking(pq, conn):
    request = pq.PQcancelCreate(conn)
    outcome = f"{pq.PQcancelBlocking(request)} {pq.PQcancelStatus(request)} {pq.PQcancelErrorMessage(request)!r}"
    pq.PQcancelFinish(request)
    return outcome


def cancel_plain(pq, conn):
    request = pq.PQgetCancel(conn)
    text = ctypes.create_string_buffer(256)
    outcome = f"{pq.PQcancel(request, text, 256)} {text.value!r}"
    pq.PQfreeCancel(request)
    return outcome


def facts(pq, conninfo, watcher):
    conn = pq.PQconnectdb(conninfo.encode())
    said = [pq.PQstatus(conn), pq.PQsslInUse(conn), pq.PQconnectionUsedPassword(conn)]
    said += [pq.PQsslAttribute(conn, name.encode()) for name in ATTRIBUTES]
    if pq.PQstatus(conn) == 0:
        result = pq.PQexec(conn, b"select row(ssl, version, cipher, bits, client_dn)::text from pg_stat_ssl where pid = pg_backend_pid()")
        said.append(pq.PQgetvalue(result, 0, 0))
        pq.PQclear(result)
        if watcher:
            said.append(sqlstate_of_query_under(pq, conn, watcher, lambda: cancel_blocking(pq, conn)))
            said.append(sqlstate_of_query_under(pq, conn, watcher, lambda: cancel_plain(pq, conn)))
            pq.PQreset(conn)
            said += [pq.PQstatus(conn), pq.PQsslInUse(conn)]
    said.append(pq.PQerrorMessage(conn))
    pq.PQfinish(conn)
    return said


def client(name):
    return f"sslcert={PLACES}/{name}.crt sslkey={PLACES}/{name}.key"


# covers: 349 350 351 353 355 360 361 362 368 369
LOGINS = [
    ("trust", "user=pqp_trust"),
    ("hostssl", "user=pqp_hostssl"),
    ("hostnossl", "user=pqp_hostnossl"),
    ("nobody", "user=pqp_nobody"),
    ("password", "user=pqp_password password=pw-password"),
    ("md5", "user=pqp_md5 password=pw-md5"),
    ("md5_binding", "user=pqp_md5 password=pw-md5 channel_binding=require"),
    ("trust_binding", "user=pqp_trust channel_binding=require"),
    ("scram", "user=pqp_scram password=pw-scram"),
    ("scram_wrong", "user=pqp_scram password=wrong"),
    ("scram_none", "user=pqp_scram"),
    ("scram_disable", "user=pqp_scram password=pw-scram channel_binding=disable"),
    ("scram_require", "user=pqp_scram password=pw-scram channel_binding=require"),
    ("scram_1.2", "user=pqp_scram password=pw-scram channel_binding=require ssl_max_protocol_version=TLSv1.2"),
    ("scram_1.3", "user=pqp_scram password=pw-scram ssl_min_protocol_version=TLSv1.3"),
    ("require_auth", "user=pqp_scram password=pw-scram require_auth=scram-sha-256"),
    ("require_auth_trust", "user=pqp_trust require_auth=scram-sha-256"),
    ("cert_missing", "user=tlsuser"),
    ("cert", "user=tlsuser " + client("client-rsa")),
    ("cert_p256", "user=tlsuser " + client("client-p256")),
    ("cert_1.2", "user=tlsuser ssl_max_protocol_version=TLSv1.2 " + client("client-rsa")),
    ("cert_chain", f"user=tlsuser sslcert={PLACES}/client-intermediate.chain.crt sslkey={PLACES}/client-intermediate.key"),
    ("cert_other_ca", "user=tlsuser " + client("client-other")),
    ("cert_other_ca_1.2", "user=tlsuser ssl_max_protocol_version=TLSv1.2 " + client("client-other")),
    ("cert_disabled", "user=tlsuser sslcertmode=disable " + client("client-rsa")),
    ("cert_required", "user=tlsuser sslcertmode=require " + client("client-rsa")),
    ("cert_required_missing", "user=pqp_trust sslcertmode=require"),
    ("cert_encrypted", f"user=tlsuser sslpassword=secret sslcert={PLACES}/client-rsa.crt sslkey={PLACES}/client-rsa.pbes2-aes256.key"),
    ("clientcert", "user=pqp_clientcert " + client("client-rsa")),
    ("clientcert_missing", "user=pqp_clientcert"),
]
ROOTS = {"verify-ca": f"sslrootcert={PLACES}/root.crt", "verify-full": f"sslrootcert={PLACES}/root.crt"}


def scenarios():
    for version in (15, 18):
        port = os.environ[f"PQP_PORT{version}"]
        place = f"host=localhost port={port} dbname=postgres gssencmode=disable"
        for mode in MODES:
            for name, options in LOGINS:
                yield f"{version}/{mode}/{name}", f"{place} sslmode={mode} {ROOTS.get(mode, '')} {options}", name in ("trust", "hostssl", "hostnossl", "cert")
            if mode in ("require", "verify-ca", "verify-full"):
                yield f"{version}/{mode}/direct", f"{place} sslmode={mode} sslnegotiation=direct {ROOTS.get(mode, '')} user=pqp_hostssl", True
        for name, options in (
            ("wrong_root", f"sslmode=verify-ca sslrootcert={PLACES}/root-other.crt"),
            ("wrong_root_require", f"sslmode=require sslrootcert={PLACES}/root-other.crt"),
            ("wrong_root_prefer", f"sslmode=prefer sslrootcert={PLACES}/root-other.crt"),
            ("wrong_name", f"sslmode=verify-full sslrootcert={PLACES}/root.crt host=elsewhere.test hostaddr=127.0.0.1"),
            ("no_name", f"sslmode=verify-full sslrootcert={PLACES}/root.crt host= hostaddr=127.0.0.1"),
            ("too_old", "sslmode=require ssl_max_protocol_version=TLSv1.1 ssl_min_protocol_version=TLSv1"),
            ("unix", f"host={os.environ[f'PQP_HOST{version}']} sslmode=verify-full sslrootcert={PLACES}/root.crt"),
            ("unix_cert_required", f"host={os.environ[f'PQP_HOST{version}']} sslcertmode=require"),
            ("unix_binding", f"host={os.environ[f'PQP_HOST{version}']} channel_binding=require user=pqp_scram password=pw-scram"),
            ("default_root", "sslmode=verify-full"),
        ):
            yield f"{version}/{name}", f"{place} user=pqp_trust {options}", False
        # Files where they are looked for by default.
        home = os.environ["HOME"]
        os.makedirs(f"{home}/.postgresql", exist_ok=True)
        for file, source in (("root.crt", "root.crt"), ("postgresql.crt", "client-rsa.crt"), ("postgresql.key", "client-rsa.key")):
            subprocess.run(["install", "-m", "600", f"{PLACES}/{source}", f"{home}/.postgresql/{file}"], check=True)
        for mode in MODES:
            yield f"{version}/default_files/{mode}", f"{place} user=tlsuser sslmode={mode}", True
        os.chmod(f"{home}/.postgresql/postgresql.key", 0o644)
        for mode in MODES:
            yield f"{version}/default_key_open/{mode}", f"{place} user=pqp_trust sslmode={mode}", False
        os.remove(f"{home}/.postgresql/postgresql.key")
        for mode in MODES:
            yield f"{version}/default_key_missing/{mode}", f"{place} user=pqp_trust sslmode={mode}", False
        subprocess.run(["rm", "-r", f"{home}/.postgresql"], check=True)


def pem(name):
    with open(f"{PLACES}/{name}") as file:
        return file.read().replace("'", "")


def values():
    """What only ours can: certificates and keys by value. Each must do what the same files do."""
    for version in (15, 18):
        place = f"host=localhost port={os.environ[f'PQP_PORT{version}']} dbname=postgres gssencmode=disable user=tlsuser"
        files = f"sslcert={PLACES}/client-rsa.crt sslkey={PLACES}/client-rsa.key sslrootcert={PLACES}/root.crt"
        by_value = f"sslcert='{pem('client-rsa.crt')}' sslkey='{pem('client-rsa.key')}' sslrootcert='{pem('root.crt')}'"
        encrypted = by_value.replace(pem("client-rsa.key"), pem("client-rsa.pbes2-aes256.key")) + " sslpassword=secret"
        chain = (f"sslcert='{pem('client-intermediate.chain.crt')}' sslkey={PLACES}/client-intermediate.key "
                 f"sslrootcert='{pem('root-other.crt')}{pem('root.crt')}'")
        wrong = by_value.replace(pem("root.crt"), pem("root-other.crt"))
        wrong_file = files.replace("root.crt", "root-other.crt")
        for mode in MODES:
            yield f"{version}/{mode}/value", f"{place} sslmode={mode} {files}", f"{place} sslmode={mode} {by_value}"
            yield f"{version}/{mode}/encrypted", f"{place} sslmode={mode} {files}", f"{place} sslmode={mode} {encrypted}"
            yield f"{version}/{mode}/chain", f"{place} sslmode={mode} {files}", f"{place} sslmode={mode} {chain}"
            yield f"{version}/{mode}/wrong_root", f"{place} sslmode={mode} {wrong_file}", f"{place} sslmode={mode} {wrong}"


def by_value(path):
    pq = load(path)
    wrong = 0
    for name, from_files, from_values in values():
        expected, found = facts(pq, from_files, None), facts(pq, from_values, None)
        if expected != found or (name.endswith("require/value") and found[0] != 0):
            wrong += 1
            print(f"{name}\n- {expected}\n+ {found}")
    # A child that ends a connection it has inherited must not say good-bye in its parent's name.
    for version in (15, 18):
        conn = pq.PQconnectdb(f"host=localhost port={os.environ[f'PQP_PORT{version}']} dbname=postgres user=pqp_hostssl sslmode=require".encode())
        child = os.fork()
        if child == 0:
            pq.PQexec(conn, b"select 1")
            pq.PQfinish(conn)
            os._exit(0)
        os.waitpid(child, 0)
        result = pq.PQexec(conn, b"select 42")
        if pq.PQgetvalue(result, 0, 0) != b"42":
            wrong += 1
            print(f"{version}: after a fork: {pq.PQerrorMessage(conn)}")
        pq.PQclear(result)
        pq.PQfinish(conn)
    print(f"{wrong} wrong by value or after a fork")
    sys.exit(wrong != 0)


def one(path):
    pq = load(path)
    watchers = {version: pq.PQconnectdb(os.environ[f"PQP_DSN{version}"].encode()) for version in ("15", "18")}
    for name, conninfo, with_cancel in scenarios():
        said = facts(pq, conninfo, watchers[name[:2]] if with_cancel else None)
        print(name + "\t" + "\t".join(word.decode("latin-1").replace("\n", "\\n") if isinstance(word, bytes) else str(word) for word in said), flush=True)


def main():
    if sys.argv[1] == "--one":
        one(sys.argv[2])
        return
    if sys.argv[1] == "--by-value":
        by_value(sys.argv[2])
        return
    answers = []
    for library in sys.argv[1:3]:
        with tempfile.TemporaryDirectory() as home:
            # No configuration of OpenSSL's but its own defaults.
            environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
            environment.update(HOME=home, LC_ALL="C")
            done = subprocess.run([sys.executable, os.path.abspath(__file__), "--one", library], env=environment,
                                  stdout=subprocess.PIPE, text=True)
            lines = done.stdout.replace(home, "{home}").splitlines()
            answers.append((done.returncode, lines))
    (code, reference), (our_code, ours) = answers
    wrong = int(code != 0 or our_code != 0 or len(reference) != len(ours) or len(reference) < 300)
    if wrong:
        print(f"{sys.argv[1]}: {len(reference)} scenarios, exit status {code}; {sys.argv[2]}: {len(ours)}, {our_code}")
    differences = Differences("tls/real_servers")
    for expected, found in zip(reference, ours):
        if not differences.explain(found.split("\t")[0], expected, found):
            wrong += 1
            print(f"- {expected}\n+ {found}")
    wrong += differences.complain()
    print(f"{wrong} of {len(reference)} differ")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
