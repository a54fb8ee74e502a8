#!/usr/bin/env python3
"""Writes random inputs for c-tests/conninfo_dump.c: conninfo_random.py SEED COUNT > CASE_FILE.

Strings are put together from pieces that mean something to the parsers, so that most of them get past the first
check. No host name is used that would have to be looked up, and load_balance_hosts=random is left out: it shuffles.
"""
import random
import sys

SEED, COUNT = int(sys.argv[1]), int(sys.argv[2])
rng = random.Random(SEED)

KEYWORDS = """service user password passfile channel_binding connect_timeout dbname host hostaddr port client_encoding
options application_name fallback_application_name keepalives sslmode sslnegotiation sslcert sslcertmode sslpassword
sslrootcert sslsni requirepeer require_auth min_protocol_version max_protocol_version ssl_min_protocol_version
ssl_max_protocol_version gssencmode replication target_session_attrs load_balance_hosts scram_client_key
scram_server_key oauth_issuer oauth_client_secret sslkeylogfile requiressl ssl bogus HOST""".split()
VALUES = """a b c prefer require disable allow verify-ca verify-full direct postgres any standby read-write
prefer-standby 3.0 3.2 latest 3.1 TLSv1 tlsv1.2 TLSv1.3 system md5 !md5 md5,gss !md5,!none none,none md5,,gss
true 1 0 5432 /x,/y @abs /x , ,, 1,2 1,2,3 65536 -1 x auto AUTO QUJD QQ==
QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUI= root me * db user=x dbname=y""".split()
PIECES = list("=' &?:/@[],%#+") + ["\\\\", "\\t", "\\n", "\\v", "\\xc3\\xa9", "\\xff", "%20", "%2F", "%00", "%zz", "%4",
          "%2C", "%3D", "::1", "''", "a", "1", "ssl=true", "  "]
HOSTS = ["", "/x", "%2Fx", "@abs", "$D", "/x,/y"]


def some(pool, low, high):
    return "".join(rng.choice(pool) for _ in range(rng.randint(low, high)))


def word():
    return rng.choice(VALUES) if rng.random() < 0.7 else some(PIECES + VALUES, 0, 4)


def keyword():
    return rng.choice(KEYWORDS) if rng.random() < 0.95 else some(PIECES, 0, 3)


def key_value():
    pairs = []
    for _ in range(rng.randint(0, 5)):
        value = word()
        if rng.random() < 0.4:
            value = "'" + value + ("'" if rng.random() < 0.95 else "")
        pairs.append(keyword() + rng.choice(["=", "=", "=", " = ", "= ", " ="]) + value)
    return rng.choice([" ", " ", "  ", "\\t", ""]).join(pairs)


def uri():
    text = rng.choice(["postgresql://", "postgres://"])
    if rng.random() < 0.4:
        text += some(VALUES + PIECES, 0, 2) + (":" + some(VALUES + PIECES, 0, 2) if rng.random() < 0.5 else "") + "@"
    hosts = []
    for _ in range(rng.randint(0, 3)):
        host = rng.choice(["", "%2Fx", "h", "[::1]", "[::1]", "[" + some(PIECES, 0, 2) + "]", some(PIECES, 0, 2)])
        hosts.append(host + (":" + word() if rng.random() < 0.4 else ""))
    text += ",".join(hosts)
    if rng.random() < 0.6:
        text += "/" + (word() if rng.random() < 0.7 else "")
    if rng.random() < 0.7:
        text += "?" + "&".join(keyword() + ("=" + word() if rng.random() < 0.9 else "") for _ in range(rng.randint(0, 4)))
    return text + ("&" if rng.random() < 0.1 else "")


def lookup_free(pairs):
    """Ends a list of settings with hosts that need no name server."""
    return pairs + ["host=" + rng.choice(["$D", "/x", "/x,/y", "@abs"])] + (["hostaddr="] if rng.random() < 0.1 else [])


def file_line():
    if rng.random() < 0.2:
        return rng.choice(["", "#c", " ", "[s]", "[t]", "[s] x", " [t]", "[", "[]", "junk", "ldap://x"])
    name = keyword()
    # An address from here would be dialled.
    return rng.choice(["", "", "", " "]) + ("user" if name.startswith("host") else name) + "=" + word()


def password_line():
    field = lambda pool: rng.choice(pool + ["*", "*", "*", some(PIECES, 0, 2)])
    return ":".join([field(["/x", "$D", "localhost", "@abs"]), field(["5432", "1", ""]), field(["db", "root"]),
                     field(["me", "root"]), some(VALUES + PIECES, 0, 2)])


print("reset")
for number in range(COUNT):
    kind = rng.random()
    if kind < 0.02:
        print("reset")
    elif kind < 0.06:
        name = rng.choice(["PGSSLMODE", "PGPORT", "PGUSER", "PGSERVICE", "PGPASSWORD", "PGREQUIRESSL", "PGSSLROOTCERT",
                           "PGDATABASE", "PGOPTIONS", "PGREQUIREAUTH", "PGGSSENCMODE"])
        print(f"env {name}={word()}" if rng.random() < 0.6 else f"unset {name}")
    elif kind < 0.10:
        lines = [file_line() for _ in range(rng.randint(0, 12))]
        print("file $D/home/.pg_service.conf 600 [s]\\n" + "\\n".join(lines))
    elif kind < 0.14:
        lines = [password_line() for _ in range(rng.randint(0, 8))]
        print(f"file $D/home/.pgpass {rng.choice(['600', '600', '600', '400', '640', '604'])} " + "\\n".join(lines))
    elif kind < 0.35:
        print("parse " + key_value())
    elif kind < 0.65:
        print("parse " + uri())
    elif kind < 0.80:
        safe = [k + "='" + word().replace("'", "") + "'" for k in rng.sample(KEYWORDS[:36], rng.randint(0, 3))
                if k not in ("host", "hostaddr")]
        print("conn " + " ".join(lookup_free(safe)))
    elif kind < 0.93:
        pairs = [rng.choice(KEYWORDS) + rng.choice(["=", "=", "=", ""]) for _ in range(rng.randint(0, 4))]
        pairs = [p + word().replace("|", "") if p.endswith("=") else p for p in pairs]
        pairs = [p for p in pairs if not p.startswith(("host", "dbname", "HOST"))]
        if rng.random() < 0.5:
            pairs.insert(rng.randint(0, len(pairs)), "dbname=" + rng.choice([
                "user=x port=1", "postgresql://u:p@/d", "plain", "", "sslmode=", "=", "service=s", "dbname=e user='f g'"]))
        print(f"params {rng.choice('01')} " + "|".join(lookup_free(pairs)))
    else:
        fields = [rng.choice(["$D", "/x", "/x,/y"]), rng.choice(["", "-", "1", "x", "1,2"]), rng.choice(["", "-", "opt"]), "tty",
                  rng.choice(["", "-", "d", "user=x", "postgresql://u@/", "service=s", "a=b"]), rng.choice(["", "-", "me"]),
                  rng.choice(["", "-", "pw"])]
        print("setdb " + "|".join(fields))
