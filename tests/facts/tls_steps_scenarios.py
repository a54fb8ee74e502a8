"""The scenarios of tls_steps.py: (name, options, habits of the server or servers)."""

MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
ROOT = "sslrootcert={dir}/root.crt"
HABITS = {
    "willing": "ssl=S",
    "no_ssl": "ssl=N",
    "error_to_ssl": "ssl=E",
    "junk_to_ssl": "ssl=X",
    "closes_at_ssl": "ssl=C",
    "bytes_behind_s": "ssl=S+",
    "handshake_alert": "hs=alert40",
    "handshake_closed": "hs=close",
    "version_alert": "hs=alert70",
    "no_alpn": "alpn=no",
    "other_alpn": "alpn=other",
    "hostssl": "plain=err:28000",
    "hostnossl": "tls=err:28000",
    "neither": "tls=err:28000 plain=err:28000",
    "no_ssl_and_refused": "ssl=N plain=err:28000",
    "starting": "tls=err:57P03 plain=err:57P03",
    "closes_after_startup": "tls=close plain=close",
    "closes_plain": "plain=close",
    "closes_tls": "tls=close",
    "password": "tls=pw plain=pw",
    "wrong_password": "tls=pwbad plain=pwbad",
}


def roots(mode):
    return " " + ROOT if mode.startswith("verify") else ""


SCENARIOS = []
for mode in MODES:
    for habit, habits in HABITS.items():
        SCENARIOS.append((f"{mode}/{habit}", f"sslmode={mode}" + roots(mode), habits))
        if habit == "wrong_password":
            SCENARIOS.append((f"{mode}/{habit}_given", f"sslmode={mode} password=x" + roots(mode), habits))
        if mode in ("require", "verify-ca", "verify-full"):
            SCENARIOS.append((f"{mode}/direct/{habit}", f"sslmode={mode} sslnegotiation=direct" + roots(mode), habits))
    # Without a ticket GSS encryption is not tried at all.
    for gss in ("prefer", "require"):
        SCENARIOS.append((f"{mode}/gss_{gss}/willing", f"sslmode={mode} gssencmode={gss}" + roots(mode), "ssl=S"))
        SCENARIOS.append((f"{mode}/gss_{gss}/no_ssl", f"sslmode={mode} gssencmode={gss}" + roots(mode), "ssl=N"))
    SCENARIOS.append((f"{mode}/wrong_root", f"sslmode={mode} sslrootcert={{dir}}/other.crt", "ssl=S"))
    SCENARIOS.append((f"{mode}/missing_root", f"sslmode={mode} sslrootcert={{dir}}/none.crt", "ssl=S"))
    SCENARIOS.append((f"{mode}/wrong_name", f"sslmode={mode} {ROOT} host=elsewhere hostaddr=127.0.0.1", "ssl=S"))
    SCENARIOS.append((f"{mode}/no_name", f"sslmode={mode} {ROOT} hostaddr=127.0.0.1", "ssl=S"))
    SCENARIOS.append((f"{mode}/default_root_missing", f"sslmode={mode}", "ssl=S"))
    SCENARIOS.append((f"{mode}/bad_client_key", f"sslmode={mode} sslcert={{dir}}/client.crt sslkey={{dir}}/none.key" + roots(mode), "ssl=S"))
    SCENARIOS.append((f"{mode}/bad_client_certificate", f"sslmode={mode} sslcert={{dir}}/server.key" + roots(mode), "ssl=S"))
    # Two servers.
    for habit in ("hs=alert40", "ssl=S+", "ssl=E", "ssl=X", "ssl=C", "tls=err:28000 plain=err:28000", "tls=err:57P03 plain=err:57P03",
                  "ssl=N plain=err:57P03", "ssl=N"):
        SCENARIOS.append((f"{mode}/two/{habit.replace(' ', ',')}", f"sslmode={mode}" + roots(mode), habit + " | ssl=S"))
    SCENARIOS.append((f"{mode}/silent_handshake", f"sslmode={mode} connect_timeout=1" + roots(mode), "hs=silent | ssl=S"))
for mode in ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"):
    SCENARIOS.append((f"{mode}/direct/refused", f"sslmode={mode} sslnegotiation=direct", "ssl=S"))
    SCENARIOS.append((f"{mode}/system_roots", f"sslmode={mode} sslrootcert=system", "ssl=S"))
for mode in ("disable", "prefer", "require"):
    for binding in ("disable", "prefer", "require"):
        base = f"sslmode={mode} channel_binding={binding} password=x"
        for habit in ("ok", "pw", "sasl:SCRAM-SHA-256", "sasl:SCRAM-SHA-256-PLUS", "sasl:SCRAM-SHA-256-PLUS,SCRAM-SHA-256",
                      "sasl:SCRAM-SHA-256,SCRAM-SHA-256-PLUS", "sasl:OTHER", "sasl:OAUTHBEARER,SCRAM-SHA-256-PLUS"):
            SCENARIOS.append((f"binding/{mode}/{binding}/{habit}", base, f"tls={habit} plain={habit}"))
    SCENARIOS.append((f"binding/{mode}/no_password", f"sslmode={mode}", "tls=sasl:SCRAM-SHA-256-PLUS,SCRAM-SHA-256 plain=sasl:SCRAM-SHA-256"))
    SCENARIOS.append((f"binding/{mode}/password_only", f"sslmode={mode} channel_binding=require password=x require_auth=password", "tls=pw plain=pw"))
    SCENARIOS.append((f"binding/{mode}/none_allowed", f"sslmode={mode} channel_binding=require password=x require_auth=none", "tls=ok plain=ok"))
CLIENT = "sslcert={dir}/client.crt sslkey={dir}/client.key"
for mode in ("disable", "prefer", "require"):
    for certmode in ("disable", "allow", "require"):
        for habit in ("tls=ok", "tls=cert", "tls=err:28000", "tls=cert vers=1.2"):
            name = habit.replace(" ", ",")
            SCENARIOS.append((f"certmode/{mode}/{certmode}/{name}/without", f"sslmode={mode} sslcertmode={certmode}", habit))
            SCENARIOS.append((f"certmode/{mode}/{certmode}/{name}/with", f"sslmode={mode} sslcertmode={certmode} {CLIENT}", habit))
    SCENARIOS.append((f"certmode/{mode}/with_require_auth", f"sslmode={mode} sslcertmode=require require_auth=md5", "tls=ok"))
    SCENARIOS.append((f"certmode/{mode}/with_binding", f"sslmode={mode} sslcertmode=require channel_binding=require", "tls=ok"))
for mode in MODES:
    for name, options, habits in (
        ("old_error", "", "tls=old plain=old"),
        ("late_error", "", "tls=late:28000 plain=late:28000"),
        ("late_error_plain", "", "plain=late:28000"),
        ("application_name", "application_name=a", "tls=late42704 plain=late42704"),
        ("application_name_without_tls", "application_name=a", "ssl=N plain=late42704"),
        ("application_name_hostssl", "application_name=a", "tls=late42704 plain=err:28000"),
        ("application_name_hostnossl", "application_name=a", "tls=err:28000 plain=late42704"),
        ("password_file", "passfile={dir}/pass", "tls=pwbad plain=pwbad"),
        ("two_addresses", "host=localhost,localhost hostaddr=127.0.0.1,127.0.0.1", "hs=alert40 plain=err:57P03 | hs=ok"),
        ("two_refusing", "host=localhost,localhost hostaddr=127.0.0.1,127.0.0.1", "ssl=N plain=err:57P03 | ssl=N plain=err:57P03"),
    ):
        SCENARIOS.append((f"{mode}/{name}", f"sslmode={mode} {options}".strip() + roots(mode), habits))
for mode in ("prefer", "require"):
    for method in ("scram-sha-256", "oauth", "md5", "!scram-sha-256", "none"):
        for offered in ("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS,SCRAM-SHA-256", "OAUTHBEARER"):
            for binding in ("prefer", "require"):
                SCENARIOS.append((f"require_auth/{mode}/{method}/{offered}/{binding}", f"sslmode={mode} password=x channel_binding={binding} require_auth={method}",
                                  f"tls=sasl:{offered} plain=sasl:{offered}"))
    SCENARIOS.append((f"binding/{mode}/required_without_password", f"sslmode={mode} channel_binding=require", "tls=sasl:SCRAM-SHA-256 plain=sasl:SCRAM-SHA-256"))
    SCENARIOS.append((f"binding/{mode}/plus_without_password", f"sslmode={mode} channel_binding=require", "tls=sasl:SCRAM-SHA-256-PLUS plain=sasl:SCRAM-SHA-256"))
