#!/usr/bin/python3
"""Writes tests/data/tls_facts.tsv: what the reference libpq says to many certificates and options.

usage: tls.py LIBPQ.SO CERTIFICATES >tests/data/tls_facts.tsv

LIBPQ.SO is the reference (libpq 18 with OpenSSL 3.0), CERTIFICATES a directory filled by
tests/setup/certificates.sh. Columns: name, server (tests/tls/server.py), options, text. Options are
keyword=value, separated by spaces, @ being CERTIFICATES; sslmode=require, host=localhost and direct
TLS where nothing else is said. The text is what follows "failed: ", with a line break as \\n and the
directory as @. A handshake that succeeds ends in the server's FATAL message.
"""

import ctypes
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

FULL = "sslmode=verify-full sslrootcert=@/root.crt"
CA = "sslmode=verify-ca sslrootcert=@/root.crt"
CLIENT = "sslrootcert=@/root.crt"


def scenarios():
    """Yields (name, server, options)."""
    kinds = "rsa4096 rsapss p256 p384 p521 ed25519 ec-root signed-sha384 signed-sha512 signed-pss signed-pss384"
    kinds += " signed-sha1 rsa1024 v1 ca policies critical client-purpose key-usage expired future selfsigned"
    kinds += " selfsigned-ca selfsigned-notca ed25519-signed intermediate not-ca pathlen"
    kinds += " not-ca-root v1-root expired-root"
    yield "plain", "server", ""
    yield "plain_ca", "server", CA
    yield "plain_full", "server", FULL
    for kind in kinds.split():
        kind_name = kind.replace("-", "_")
        yield kind_name + "_require", "server-" + kind, ""
        yield kind_name + "_root", "server-" + kind, "sslrootcert=@/root.crt"
        yield kind_name + "_full", "server-" + kind, FULL
    for kind in "selfsigned selfsigned-ca selfsigned-notca ed25519-signed".split():
        yield kind.replace("-", "_") + "_own", "server-" + kind, f"sslmode=verify-full sslrootcert=@/server-{kind}.crt"
    yield "leaf_alone", "server", "sslmode=verify-ca sslrootcert=@/server.crt"
    yield "expired_own", "server-expired", "sslmode=verify-ca sslrootcert=@/server-expired.crt"
    yield "other_root", "server", "sslmode=verify-ca sslrootcert=@/root-other.crt"
    yield "impostor_root", "server", "sslmode=verify-ca sslrootcert=@/root-impostor.crt"
    yield "many_roots", "server", "sslmode=verify-ca sslrootcert=@/roots.crt"
    yield "many_roots_ec", "server-ec-root", "sslmode=verify-ca sslrootcert=@/roots.crt"
    yield "many_roots_v1", "server-v1-root", "sslmode=verify-ca sslrootcert=@/roots.crt"
    yield "v1_root", "server-v1-root", "sslmode=verify-ca sslrootcert=@/root-v1.crt"
    yield "expired_root", "server-expired-root", "sslmode=verify-ca sslrootcert=@/root-expired.crt"
    yield "root_not_ca", "server-not-ca-root", "sslmode=verify-ca sslrootcert=@/root-not-ca.crt"
    yield "root_pathlen", "server-pathlen", "sslmode=verify-ca sslrootcert=@/root-pathlen0.crt"
    yield "intermediate_only", "server-intermediate", "sslmode=verify-ca sslrootcert=@/intermediate.crt"
    yield "intermediate_in_roots", "server-intermediate", "sslmode=verify-ca sslrootcert=@/root-and-intermediate.crt"
    yield "root_missing_require", "server", "sslrootcert=@/nowhere.crt"
    yield "root_missing_ca", "server", "sslmode=verify-ca sslrootcert=@/nowhere.crt"
    yield "root_missing_full", "server", "sslmode=verify-full sslrootcert=@/nowhere.crt"
    yield "root_garbage", "server", "sslrootcert=@/garbage.crt"
    yield "root_directory", "server", "sslrootcert=@/crldir"
    yield "root_default_ca", "server", "sslmode=verify-ca"
    yield "root_system", "server", "sslmode=verify-full sslrootcert=system"
    yield "root_system_selfsigned", "server-selfsigned", "sslmode=verify-full sslrootcert=system"

    hosts = "localhost LOCALHOST one.test two.test three.test a.wild.test a.b.wild.test .wild.test wild.test"
    hosts += " 127.0.0.1 127.1 0x7f.1 ::1 192.0.2.7 first.test common-name.test xwild.test a.WILD.test localhost."
    for kind in "cn cn-wildcard cn-ip cn-two no-name san-one san-two san-three san-wildcard san-ip".split() + (
        "san-ip-cn san-dns-cnip san-dns-is-ip san-mail san-null san-badip v1".split()
    ):
        for host in hosts.split():
            name = f"name_{kind}_{host}".replace("-", "_")
            yield name, "server-" + kind, f"{FULL} host={host}"
    yield "name_no_host", "server", f"{FULL} host="
    yield "name_no_host_ca", "server", f"{CA} host="

    for lists in "root.v1 root.v2 root.revoked.v1 root.revoked.v2 root.expired intermediate.v2 nowhere".split():
        name = lists.replace(".", "_")
        yield "crl_" + name, "server", f"{CA} sslcrl=@/{lists}.crl"
        yield "crl_other_" + name, "server-p256", f"{CA} sslcrl=@/{lists}.crl"
    for lists in "root.v2 intermediate.v2 both.v2 both.revoked.v2".split():
        yield "crl_chain_" + lists.replace(".", "_"), "server-intermediate", f"{CA} sslcrl=@/{lists}.crl"
    yield "crl_garbage", "server", f"{CA} sslcrl=@/garbage.crt"
    yield "crl_dir", "server", f"{CA} sslcrldir=@/crldir"
    yield "crl_dir_other", "server-p256", f"{CA} sslcrldir=@/crldir"
    yield "crl_dir_missing", "server", f"{CA} sslcrldir=@/nowhere"
    yield "crl_dir_and_file", "server", f"{CA} sslcrldir=@/crldir sslcrl=@/root.v2.crl"
    yield "crl_dir_and_no_file", "server", f"{CA} sslcrldir=@/crldir sslcrl=@/nowhere"
    yield "crl_self_signed", "server-selfsigned-ca", "sslmode=verify-ca sslrootcert=@/server-selfsigned-ca.crt sslcrl=@/root.v2.crl"
    yield "crl_no_roots", "server", "sslcrl=@/root.revoked.v2.crl"

    yield "tls12", "server+tls12", FULL
    yield "tls13", "server+tls13", FULL
    yield "tls11", "server+tls11", ""
    yield "tls12_only_13_wanted", "server+tls12", "ssl_min_protocol_version=TLSv1.3"
    yield "tls13_only_12_wanted", "server+tls13", "ssl_max_protocol_version=TLSv1.2"
    yield "max_tls11", "server", "ssl_min_protocol_version=TLSv1 ssl_max_protocol_version=TLSv1.1"
    yield "min_tls1", "server", "ssl_min_protocol_version=TLSv1"
    yield "noalpn", "server+noalpn", ""
    yield "otheralpn", "server+otheralpn", ""
    for server in "server-p256 server-rsapss server-v1 server-ed25519 server-rsa1024".split():
        yield "tls12_" + server[7:], server + "+tls12", ""

    client = "server+client"
    yield "client_none", client, CLIENT
    yield "client_none_12", "server-p256+client", CLIENT
    for kind in "rsa p256 p384 ed25519 v1 other expired".split():
        yield "client_" + kind, client, f"{CLIENT} sslcert=@/client-{kind}.crt sslkey=@/client-{kind}.key"
    yield "client_leaf_only", client, f"{CLIENT} sslcert=@/client-intermediate.crt sslkey=@/client-intermediate.key"
    yield "client_chain", client, f"{CLIENT} sslcert=@/client-intermediate.chain.crt sslkey=@/client-intermediate.key"
    yield "client_not_asked", "server", f"{CLIENT} sslcert=@/client-rsa.crt sslkey=@/client-rsa.key"
    rsa = f"{CLIENT} sslcert=@/client-rsa.crt"
    p256 = f"{CLIENT} sslcert=@/client-p256.crt"
    for form in "pkcs1.key pkcs1.der pkcs8.der".split():
        yield "key_rsa_" + form.replace(".", "_"), client, f"{rsa} sslkey=@/client-rsa.{form}"
    for form in "sec1.key sec1.der params.key".split():
        yield "key_ec_" + form.replace(".", "_"), client, f"{p256} sslkey=@/client-p256.{form}"
    forms = "pbes2-aes256.key pbes2-aes256.der pbes2-aes128-sha1.key pbes2-aes192-sha512.key pbes2-3des.key scrypt.key"
    forms += " pkcs12-3des.key legacy-aes128.key legacy-aes192.key legacy-aes256.key legacy-des3.key"
    for form in forms.split():
        name = form.replace(".", "_").replace("-", "_")
        yield "key_" + name, client, f"{rsa} sslkey=@/client-rsa.{form} sslpassword=secret"
        yield "key_wrong_" + name, client, f"{rsa} sslkey=@/client-rsa.{form} sslpassword=wrong"
    yield "key_ec_legacy", client, f"{p256} sslkey=@/client-p256.legacy-aes256.key sslpassword=secret"
    yield "key_both", client, f"{CLIENT} sslcert=@/client-both.pem sslkey=@/client-both.pem"
    yield "key_missing", client, f"{rsa} sslkey=@/nowhere.key"
    yield "key_garbage", client, f"{rsa} sslkey=@/garbage.key"
    yield "key_is_certificate", client, f"{rsa} sslkey=@/client-rsa.crt"
    yield "key_directory", client, f"{rsa} sslkey=@/crldir"
    yield "key_of_other", client, f"{rsa} sslkey=@/client-v1.key"
    yield "key_of_other_type", client, f"{rsa} sslkey=@/client-p256.key"
    yield "key_below_file", client, f"{rsa} sslkey=@/root.crt/key"
    yield "key_engine", client, f"{rsa} sslkey=nosuchengine:key"
    yield "cert_missing", client, f"{CLIENT} sslcert=@/nowhere.crt sslkey=@/nowhere.key"
    yield "cert_garbage", client, f"{CLIENT} sslcert=@/garbage.crt sslkey=@/client-rsa.key"
    yield "cert_directory", client, f"{CLIENT} sslcert=@/crldir sslkey=@/client-rsa.key"
    yield "cert_below_file", client, f"{CLIENT} sslcert=@/root.crt/x sslkey=@/client-rsa.key"
    yield "cert_default_key", client, rsa
    for mode in "600 640 644 660 400 440 604 700 610".split():
        yield f"key_mode_{mode}", client, f"{rsa} sslkey=@/mode-{mode}.key"
        yield f"key_mode_{mode}_nobody", client, f"{rsa} sslkey=@/nobody-{mode}.key"


def prepare(directory):
    """Makes the files whose point is their mode and owner."""
    import shutil

    for mode in "600 640 644 660 400 440 604 700 610".split():
        for owner in ("mode", "nobody"):
            path = f"{directory}/{owner}-{mode}.key"
            shutil.copy(f"{directory}/client-rsa.key", path)
            os.chmod(path, int(mode, 8))
            if owner == "nobody":
                os.chown(path, 65534, 65534)


def main():
    library, directory = sys.argv[1:]
    os.environ.clear()
    os.environ["HOME"] = tempfile.mkdtemp()
    os.environ["LC_ALL"] = "C"
    # Only its libcrypto's own defaults may be looked at.
    pq = ctypes.CDLL(library)
    pq.PQconnectdb.restype = pq.PQerrorMessage.restype = ctypes.c_char_p
    pq.PQconnectdb.restype = ctypes.c_void_p
    pq.PQerrorMessage.argtypes = pq.PQfinish.argtypes = [ctypes.c_void_p]
    prepare(directory)
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", os.path.join(HERE, "../tls/server.py"), directory],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ports = {}
    for line in server.stdout:
        if line == "ready\n":
            break
        name, port = line.split()
        ports[name] = port
    print("# written by tests/facts/tls.py; the columns are explained there")
    for name, kind, options in scenarios():
        given = options.replace("@", directory).split()
        words = {"sslmode": "require", "host": "localhost", "hostaddr": "127.0.0.1", "port": ports[kind],
                 "sslnegotiation": "direct", "user": "u", "dbname": "d", "gssencmode": "disable",
                 "connect_timeout": "20"}
        words.update(word.split("=", 1) for word in given)
        conninfo = " ".join(f"{k}='{v}'" for k, v in words.items())
        conn = pq.PQconnectdb(conninfo.encode())
        text = pq.PQerrorMessage(conn).decode("utf-8", "backslashreplace")
        pq.PQfinish(conn)
        if " failed: " in text and text.startswith("connection to server"):
            text = text.split(" failed: ", 1)[1]
        text = text.rstrip("\n").replace("\n", "\\n").replace(directory, "@")
        print(name, kind, options, text, sep="\t")
    server.stdin.close()
    server.wait()


main()
