#!/usr/bin/env python3
"""Bearer tokens for a real server that has a validator: what becomes of good and bad ones, and what the hook is asked.

usage: oauth.py REFERENCE OURS    in the environment of tests/setup/with_servers.sh; fails where they differ, or where what
                                  ought to be is not
       oauth.py --one LIBRARY     a line a connection
       oauth.py --ours LIBRARY    the same, by what libpq 18 does not have: the request of 19, hooks of one context or
                                  connection, providers that may answer later

Tokens are those of tests/setup/oauth_validator.c. A line: where to, how, scenario, whose session it is or why there is none,
what the hook was asked, how often it has cleaned up.
"""
import ctypes
import os
import select
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import both
import real_servers

# covers: 377 379 380 381 382 383 384 385 392 413
PATIENCE_S = 20
FAILED, READING, WRITING, OK = range(4)
# pqp_status
TOO_LATE = 3
TOKEN, TOKEN_V2 = 1, 2


class Request(ctypes.Structure):
    """PGoauthBearerRequest, and what PGoauthBearerRequestV2 has behind it."""

    _fields_ = [
        ("openid_configuration", ctypes.c_char_p), ("scope", ctypes.c_char_p), ("later", ctypes.c_void_p),
        ("cleanup", ctypes.c_void_p), ("token", ctypes.c_char_p), ("user", ctypes.c_void_p),
        ("issuer", ctypes.c_char_p), ("error", ctypes.c_char_p),
    ]


HOOK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Request))
PROVIDER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
CANCELLED = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
OUR_HOOK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Request), ctypes.c_void_p)
LATER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Request), ctypes.POINTER(ctypes.c_int))
CLEANUP = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(Request))


class Teller:
    """A hook. `token`: what it tells, None: nothing; `way`: at once, later or fail; `kind`: the request it understands."""

    def __init__(self, token, way="at once", kind=TOKEN):
        self.token, self.way, self.kind = token, way, kind
        self.asked, self.cleaned, self.ends = [], 0, None
        self.later, self.cleanup = LATER(self.go_on), CLEANUP(self.clean)
        self.hook, self.our_hook = HOOK(self.ask), OUR_HOOK(lambda kind, conn, request, _user: self.ask(kind, conn, request))

    def ask(self, kind, _conn, request):
        if kind != self.kind:
            return 0
        said = request.contents
        issuer = f" {said.issuer.decode()}" if kind == TOKEN_V2 else ""
        self.asked.append(f"{said.openid_configuration.decode()} {(said.scope or b'NULL').decode()}{issuer}")
        said.cleanup = ctypes.cast(self.cleanup, ctypes.c_void_p)
        if self.way == "fail":
            if kind == TOKEN_V2:
                said.error = b"the vault is sealed"
            return -1
        if self.token is None:
            return 0
        if self.way == "at once":
            said.token = self.token
        else:
            said.later = ctypes.cast(self.later, ctypes.c_void_p)
        return 1

    def go_on(self, _conn, request, altsock):
        """The token comes from elsewhere, by a descriptor."""
        if self.ends is None:
            self.ends = os.pipe()
            threading.Timer(0.05, os.write, (self.ends[1], b"x")).start()
            altsock[0] = self.ends[0]
            return READING
        if not select.select([self.ends[0]], [], [], 0)[0]:
            return READING
        if self.way == "fail later":
            return FAILED
        request.contents.token = self.token
        return OK

    def clean(self, _conn, _request):
        self.cleaned += 1
        for fd in self.ends or ():
            os.close(fd)
        self.ends = None


class Giver:
    """A provider. `way`: at once or later, the token or a refusal; or never."""

    def __init__(self, pq, token, way):
        self.pq, self.token, self.way = pq, token, way
        self.asked, self.taken, self.cancelled, self.request, self.thread = [], [], 0, None, None
        self.provider, self.on_cancel = PROVIDER(self.give), CANCELLED(self.cancel)

    def give(self, _user, _conn, request):
        pq = self.pq
        said = (pq.pqp_request_openid_configuration, pq.pqp_request_scope, pq.pqp_request_issuer, pq.pqp_request_user)
        self.asked.append(" ".join(of(request).decode() for of in said) + f" {pq.pqp_request_is_encrypted(request)}")
        if self.way == "never":
            self.request = pq.pqp_request_ref(request)
            assert pq.pqp_request_on_cancel(request, self.on_cancel, None) == 0
        elif "later" in self.way:
            self.request = pq.pqp_request_ref(request)
            self.thread = threading.Timer(0.05, self.answer, (request,))
            self.thread.start()
        else:
            self.answer(request)
        return 1

    def answer(self, request):
        if "refused" in self.way:
            self.taken.append(self.pq.pqp_answer_error(request, b"the vault is sealed"))
        else:
            self.taken.append(self.pq.pqp_answer_password(request, self.token))

    def cancel(self, _user, request):
        self.cancelled += 1
        self.answer(request)

    def end(self):
        if self.thread:
            self.thread.join()
        if self.request:
            self.pq.pqp_request_free(self.request)


def load(path):
    pq = real_servers.load(path)
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    for name, result, arguments in (
        ("PQconnectStart", pointer, [text]), ("PQconnectPoll", ctypes.c_int, [pointer]), ("PQsocket", ctypes.c_int, [pointer]),
        ("PQsetAuthDataHook", None, [pointer]),
    ):
        getattr(pq, name).restype, getattr(pq, name).argtypes = result, arguments
    return pq


def polled(pq, conn):
    wanted, end = WRITING, time.monotonic() + PATIENCE_S
    while wanted in (READING, WRITING):
        fd = pq.PQsocket(conn)
        lists = ([fd], [], []) if wanted == READING else ([], [fd], [])
        if not any(select.select(*lists, max(0, end - time.monotonic()))):
            return "stuck"
        wanted = pq.PQconnectPoll(conn)


def ending(pq, conn):
    """Whose session it is, or why there is none."""
    if pq.PQstatus(conn) != 0:
        return pq.PQerrorMessage(conn).decode(errors="backslashreplace").replace("\n", "|")
    result = pq.PQexec(conn, b"select concat_ws(' ', system_user, (select ssl from pg_stat_ssl where pid = pg_backend_pid()))")
    said = pq.PQgetvalue(result, 0, 0).decode()
    pq.PQclear(result)
    return f"{said} {pq.PQconnectionUsedPassword(conn)}"


BASE = f"port={os.environ.get('PQP_PORT18')} dbname=postgres gssencmode=disable oauth_client_id=c "
PLACES = {
    "unix": f"host={os.environ.get('PQP_HOST18')} ",
    "plain": "host=127.0.0.1 sslmode=disable ",
    "TLS": f"host=localhost sslmode=verify-full sslrootcert={real_servers.PLACES}/root.crt ",
}
UP = "oauth:pqp_oauth"
US, ANY = "user=pqp_oauth ", "user=pqp_oauth_any "
SIMPLE = "oauth_issuer=https://issuer.test "
KNOWN = "oauth_issuer=https://issuer.test/.well-known/openid-configuration "
MALFORMED = "malformed OAUTHBEARER message"
REFUSED = 'OAuth bearer authentication failed for user "pqp_oauth"'
GOOD = b"good.pqp_oauth"
NO_FLOW = "no OAuth flows are available (try installing the libpq-oauth package)"
# scenario, options, hook, what must be in its ending
SCENARIOS = [
    ("good", US + SIMPLE, lambda: Teller(GOOD), UP),
    ("good, address known", US + KNOWN, lambda: Teller(GOOD), UP),
    ("scope of our own", US + SIMPLE + "oauth_scope=mine", lambda: Teller(GOOD), UP),
    ("another's", US + SIMPLE, lambda: Teller(b"good.else"), REFUSED),
    ("another's, which is allowed", ANY + SIMPLE, lambda: Teller(b"good.else"), "oauth:else"),
    ("nobody's, which is allowed", ANY + SIMPLE, lambda: Teller(b"nobody."), " 0"),
    ("nobody's", US + SIMPLE, lambda: Teller(b"nobody."), REFUSED),
    ("too poor", US + SIMPLE, lambda: Teller(b"poor.pqp_oauth"), REFUSED),
    ("too poor, address known", US + KNOWN, lambda: Teller(b"poor.pqp_oauth"), REFUSED),
    ("of no use", US + SIMPLE, lambda: Teller(b"abc"), REFUSED),
    ("the validator fails", US + SIMPLE, lambda: Teller(b"broken."), REFUSED),
    ("long", US + KNOWN, lambda: Teller(GOOD + b"." + b"x" * 60000), UP),
    ("too long", US + KNOWN, lambda: Teller(GOOD + b"." + b"x" * 66000), REFUSED),
    ("empty", US + KNOWN, lambda: Teller(b""), REFUSED),
    ("a space in it", US + KNOWN, lambda: Teller(GOOD + b". x"), REFUSED),
    ("a line in it", US + KNOWN, lambda: Teller(GOOD + b".\n"), REFUSED),
    ("a separator in it", US + KNOWN, lambda: Teller(GOOD + b"\x01\x01"), MALFORMED),
    ("a key in it", US + KNOWN, lambda: Teller(GOOD + b"\x01host=a\x01\x01"), "FATAL"),
    ("not ASCII", US + KNOWN, lambda: Teller(GOOD + b".\xc3\xa9"), MALFORMED),
    ("padded", US + KNOWN, lambda: Teller(GOOD + b".-_~+/=="), UP),
    ("required", US + SIMPLE + "require_auth=oauth", lambda: Teller(GOOD), UP),
    ("required of who trusts", "user=postgres require_auth=oauth " + SIMPLE, lambda: Teller(GOOD), 'method requirement "oauth" failed'),
    ("forbidden", US + SIMPLE + "require_auth=!oauth", lambda: Teller(GOOD), 'method requirement "!oauth" failed'),
    ("another is required", US + SIMPLE + "require_auth=scram-sha-256", lambda: Teller(GOOD), 'requirement "scram-sha-256" failed'),
    ("no hook", US + SIMPLE, lambda: None, NO_FLOW),
    ("no hook, address known", US + KNOWN, lambda: None, NO_FLOW),
    ("the hook declines", US + SIMPLE, lambda: Teller(None), NO_FLOW),
    ("the hook fails", US + SIMPLE, lambda: Teller(None, "fail"), "user-defined OAuth flow failed"),
    ("later", US + SIMPLE, lambda: Teller(GOOD, "later"), UP),
    ("later, address known", US + KNOWN, lambda: Teller(GOOD, "later"), UP),
    ("later, and of no use", US + SIMPLE, lambda: Teller(b"abc", "later"), REFUSED),
    ("later, and fails", US + SIMPLE, lambda: Teller(GOOD, "fail later"), "user-defined OAuth flow failed"),
    ("another issuer", US + "oauth_issuer=https://else.test", lambda: Teller(GOOD), "is incompatible with oauth_issuer"),
    ("no issuer", US, lambda: Teller(GOOD), "oauth_issuer and oauth_client_id are not both set"),
]
EXPECTED = {name: words for name, _, _, words in SCENARIOS}


def show(place, way, name, ended, teller):
    asked, cleaned = (teller.asked, teller.cleaned) if teller else ([], 0)
    print(place, way, name, ended, asked, cleaned, sep="\t", flush=True)


def one(path):
    pq = load(path)
    for place, where in PLACES.items():
        for way in ("blocking", "polled"):
            for name, options, make, _ in SCENARIOS:
                teller = make()
                pq.PQsetAuthDataHook(teller and ctypes.cast(teller.hook, ctypes.c_void_p))
                conninfo = (BASE + where + options).encode()
                conn = pq.PQconnectdb(conninfo) if way == "blocking" else pq.PQconnectStart(conninfo)
                ended = (polled(pq, conn) if way == "polled" else None) or ending(pq, conn)
                # the hook is asked anew
                if name == "good":
                    pq.PQreset(conn)
                    ended += " again " + ending(pq, conn)
                pq.PQfinish(conn)
                show(place, way, name, ended, teller)


def load_ours(path):
    pq = load(path)
    pointer, text, status = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, result, arguments in (
        ("pqp_context_new", pointer, []), ("pqp_context_free", None, [pointer]),
        ("pqp_context_set_auth_data_hook", status, [pointer] * 4), ("pqp_conn_set_auth_data_hook", status, [pointer] * 4),
        ("pqp_factory_new", pointer, [pointer, text, pointer]), ("pqp_factory_start", pointer, [pointer]),
        ("pqp_factory_free", None, [pointer]),
        ("pqp_context_set_token_provider", status, [pointer, PROVIDER, pointer, pointer]),
        ("pqp_conn_set_token_provider", status, [pointer, PROVIDER, pointer, pointer]),
        ("pqp_request_openid_configuration", text, [pointer]), ("pqp_request_scope", text, [pointer]),
        ("pqp_request_issuer", text, [pointer]), ("pqp_request_user", text, [pointer]),
        ("pqp_request_is_encrypted", ctypes.c_int, [pointer]), ("pqp_request_ref", pointer, [pointer]),
        ("pqp_request_free", None, [pointer]), ("pqp_request_on_cancel", status, [pointer, CANCELLED, pointer]),
        ("pqp_answer_password", status, [pointer, text]), ("pqp_answer_error", status, [pointer, text]),
    ):
        getattr(pq, name).restype, getattr(pq, name).argtypes = result, arguments
    return pq


def providers(pq):
    """Providers of a context or a connection: tokens and refusals, at once, from another thread, or not within the deadline."""
    wrong = count = 0
    taken, too_late = 0, TOO_LATE
    for place, where in PLACES.items():
        # who knows the address is not told of the server's scope
        for issuer, scope in ((SIMPLE, "openid who"), (KNOWN, "")):
            for holder in ("context", "connection"):
                for token, way, words, said in (
                    (GOOD, "at once", UP, [taken]), (GOOD, "later", UP, [taken]), (b"abc", "later", REFUSED, [taken]),
                    (None, "refused", "could not get token: the vault is sealed|", [taken]),
                    (None, "refused later", "could not get token: the vault is sealed|", [taken]),
                    (GOOD, "never", "timeout expired|", [too_late]),
                ):
                    giver, deadline = Giver(pq, token, way), "connect_deadline_ms=2000 " if way == "never" else ""
                    context = pq.pqp_context_new()
                    if holder == "context":
                        assert pq.pqp_context_set_token_provider(context, giver.provider, None, None) == 0
                    factory = pq.pqp_factory_new(context, (BASE + where + US + issuer + deadline).encode(), None)
                    conn = pq.pqp_factory_start(factory)
                    if holder == "connection":
                        assert pq.pqp_conn_set_token_provider(conn, giver.provider, None, None) == 0
                    ended = polled(pq, conn) or ending(pq, conn)
                    giver.end()
                    pq.PQfinish(conn)
                    pq.pqp_factory_free(factory)
                    pq.pqp_context_free(context)
                    asked = f"https://issuer.test/.well-known/openid-configuration {scope} https://issuer.test pqp_oauth {int(place == 'TLS')}"
                    count += 1
                    if (words not in ended or giver.asked != [asked] or giver.taken != said
                            or giver.cancelled != (way == "never")):
                        wrong += 1
                        print(f"not {words!r}:", place, issuer, holder, way, ended, giver.asked, giver.taken, giver.cancelled, sep="\t")
    print(f"{count} connections by providers of tokens; {wrong} wrong")
    return wrong


def ours(path):
    """Who is asked: the connection's hook, the context's, the process's, each by the request of 19 and by that of 18."""
    pq = load_ours(path)
    address = "https://issuer.test/.well-known/openid-configuration openid who"
    in_19 = f"{address} https://issuer.test"
    wrong = 0
    for place, where in PLACES.items():
        for holder in ("process", "context", "connection"):
            for token, way, kind, words in (
                (GOOD, "at once", TOKEN, UP), (GOOD, "at once", TOKEN_V2, UP), (GOOD, "later", TOKEN_V2, UP),
                (b"abc", "at once", TOKEN_V2, REFUSED), (None, "fail", TOKEN_V2, "user-defined OAuth flow failed: the vault is sealed"),
                (None, "fail", TOKEN, "user-defined OAuth flow failed|"),
            ):
                teller, other = Teller(token, way, kind), Teller(b"poor.else")
                conninfo = (BASE + where + US + SIMPLE).encode()
                asked = ctypes.cast(teller.our_hook, ctypes.c_void_p)
                if holder == "process":
                    pq.PQsetAuthDataHook(ctypes.cast(teller.hook, ctypes.c_void_p))
                    conn = pq.PQconnectStart(conninfo)
                else:
                    # which is not asked
                    pq.PQsetAuthDataHook(ctypes.cast(other.hook, ctypes.c_void_p))
                    context = pq.pqp_context_new()
                    of_context = asked if holder == "context" else ctypes.cast(other.our_hook, ctypes.c_void_p)
                    assert pq.pqp_context_set_auth_data_hook(context, of_context, None, None) == 0
                    factory = pq.pqp_factory_new(context, conninfo, None)
                    conn = pq.pqp_factory_start(factory)
                    if holder == "connection":
                        assert pq.pqp_conn_set_auth_data_hook(conn, asked, None, None) == 0
                ended = polled(pq, conn) or ending(pq, conn)
                pq.PQfinish(conn)
                if holder != "process":
                    pq.pqp_factory_free(factory)
                    pq.pqp_context_free(context)
                if words not in ended or teller.asked != [in_19 if kind == TOKEN_V2 else address] or teller.cleaned != 1 or other.asked:
                    wrong += 1
                    print(f"not {words!r}:", end=" ")
                    show(place, holder, f"{way} {kind}", ended, teller)
    print(f"{len(PLACES) * 18} connections by hooks of ours; {wrong} wrong")
    pq.PQsetAuthDataHook(None)
    wrong += providers(pq)
    sys.exit(wrong != 0)


def main():
    if sys.argv[1] == "--one":
        one(sys.argv[2])
    elif sys.argv[1] == "--ours":
        ours(sys.argv[2])
    else:
        (code, reference), (our_code, found) = both.run(__file__, sys.argv[1:3])
        wanted = len(SCENARIOS) * len(PLACES) * 2
        wrong = int(code != 0 or our_code != 0 or len(reference) != wanted or len(found) != wanted)
        for theirs, line in zip(reference, found):
            place, _, name, ended = line.split("\t")[:4]
            tls = " t " if place == "TLS" else " f "
            if theirs != line or EXPECTED[name] not in ended or (ended.startswith("oauth:") and tls not in ended):
                wrong += 1
                print(f"- {theirs}\n+ {line}")
        print(f"{len(found)} connections with bearer tokens; exit status {code} and {our_code}; {wrong} wrong")
        sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
