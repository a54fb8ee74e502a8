"""Connecting in programs that wait by a loop of their own, in a network whose hosts are dead, silent, slow or fine.

Run by tests/waiting.sh inside network.sh. Each case is a conninfo and what must come of it: up, or an error text; how long
that may take (generous: it tells one timeout from two, not fast from slow); and how often a program may be woken, so that a
busy loop fails.

usage: run.py LOOPS [ONLY...]         LOOPS: the program of loops.c; ONLY: names of loops or cases
"""

import os
import re
import subprocess
import sys
import threading

import far

HERE = os.path.dirname(os.path.abspath(__file__))
LOOPS, ONLY = sys.argv[1], sys.argv[2:]
GOOD = "user=postgres dbname=postgres sslmode=prefer port=5432 "
LOOP_NAMES = ["blocking", "select", "poll", "epoll", "epoll-once", "psycopg"]
if os.environ.get("PQP_LOOPS_UV"):
    LOOP_NAMES.append("uv")

UP = "up"
TIMEOUT = "timeout expired"
# name, conninfo, what must come of it (up and where, or a pattern of the error text), ms at least, ms at most, wake-ups at most
CASES = [
    ("direct", "host=10.77.0.2", "up 10.77.0.2 5432", 0, 5000, 12),
    ("direct, with time", "host=10.77.0.2 connect_timeout=30", "up 10.77.0.2 5432", 0, 5000, 12),
    ("name", "host=good.test", "up 10.77.0.2 5432", 0, 5000, 14),
    ("name, with time", "host=good.test connect_timeout=30", "up 10.77.0.2 5432", 0, 5000, 14),
    ("unknown name", "host=nowhere.test", 'could not translate host name "nowhere.test" to address: Name or service not known', 0, 5000, 4),
    ("slow line", "host=10.78.0.2 connect_timeout=30", "up 10.78.0.2 5432", 160, 8000, 14),
    ("dead host, then good", "host=10.77.0.3,10.77.0.2 connect_timeout=1", "up 10.77.0.2 5432", 990, 6000, 18),
    ("rejecting host, then good", "host=10.77.0.4,10.77.0.2 connect_timeout=30", "up 10.77.0.2 5432", 0, 5000, 18),
    ("rejecting hosts, no time", "host=10.77.0.4,10.77.0.4,10.77.0.2", "up 10.77.0.2 5432", 0, 5000, 18),
    ("silent in TLS, then good", "host=10.77.0.5,10.77.0.2 connect_timeout=1", "up 10.77.0.2 5432", 990, 6000, 22),
    ("silent in authentication, then good", "host=10.77.0.6,10.77.0.2 connect_timeout=1", "up 10.77.0.2 5432", 990, 6000, 22),
    ("silent in startup, then good", "host=10.77.0.7,10.77.0.2 connect_timeout=1", "up 10.77.0.2 5432", 990, 6000, 22),
    ("never ready, then good", "host=10.77.0.8,10.77.0.2 connect_timeout=1", "up 10.77.0.2 5432", 990, 6000, 40),
    (
        "each its own timeout",
        "host=10.77.0.3,10.77.0.5,10.77.0.6,10.77.0.7 connect_timeout=1",
        r'connection to server at "10\.77\.0\.3", port 5432 failed: timeout expired\|'
        r'connection to server at "10\.77\.0\.5", port 5432 failed: timeout expired\|'
        r'connection to server at "10\.77\.0\.6", port 5432 failed: timeout expired\|'
        r'connection to server at "10\.77\.0\.7", port 5432 failed: timeout expired\|$',
        3900,
        9000,
        30,
    ),
    ("dead first address of a name", "host=deadfirst.test connect_timeout=1", "up 10.77.0.2 5432", 0, 6000, 20),
    ("a thousand addresses", "host=many.test connect_timeout=30", "up 10.77.0.2 5432", 0, 20000, 20),
    ("a thousand addresses, shuffled", "host=many.test connect_timeout=30 load_balance_hosts=random", "up 10.77.0.2 5432", 0, 20000, 20),
    ("deadline on a dead host", "host=10.77.0.3 connect_deadline_ms=700", r'"10\.77\.0\.3", port 5432 failed: timeout expired\|$', 690, 5000, 5),
    (
        "deadline for all",
        "host=10.77.0.3,10.77.0.3,10.77.0.2 connect_timeout=1 connect_deadline_ms=1500",
        r'^\t*connection to server at "10\.77\.0\.3", port 5432 failed: timeout expired\|'
        r'connection to server at "10\.77\.0\.3", port 5432 failed: timeout expired\|$',
        1490,
        6000,
        10,
    ),
    ("deadline on a stalled name server", "host=stall.test connect_deadline_ms=700", 'could not translate host name "stall.test" to address: timeout expired', 690, 5000, 5),
    ("deadline that is kept", "host=good.test connect_deadline_ms=20000", "up 10.77.0.2 5432", 0, 5000, 14),
]
# The reference waits for the name server here, and so does ours in a call that blocks.
POLLED_CASES = [
    ("stalled name server, then good", "host=stall.test,10.77.0.2 connect_timeout=1", "up 10.77.0.2 5432", 990, 6000, 18),
    ("finish while a name is looked up", "host=stall.test connect_timeout=1", TIMEOUT, 990, 6000, 6),
    ("a timeout that is none", "host=10.77.0.2 connect_timeout=2.5", 'invalid integer value "2.5" for connection option "connect_timeout"', 0, 5000, 0),
]

DEAD_STANDBY_PRIMARY = "host=10.77.0.3,10.77.0.12,10.77.0.13 target_session_attrs=read-write connect_timeout=10 "
RACES = [
    ("race: addresses of a name", "host=deadfirst.test connect_race_delay_ms=200", "up 10.77.0.2 5432", 0, 900, 20),
    ("race: families take turns", "host=mixed.test connect_race_delay_ms=100", "up 10.77.0.2 5432", 90, 900, 24),
    ("race: a thousand addresses", "host=many.test connect_race_delay_ms=5000", "up 10.77.0.2 5432", 0, 20000, 30),
    ("race: a stalled name server", "host=stall.test,10.77.0.2 connect_race_delay_ms=200", "up 10.77.0.2 5432", 190, 900, 20),
    ("race: the first is fine", "host=10.77.0.2,10.77.0.3 connect_race_delay_ms=2000", "up 10.77.0.2 5432", 0, 1900, 12),
    ("race: a rejecting host costs no delay", "host=10.77.0.4,10.77.0.2 connect_race_delay_ms=2000", "up 10.77.0.2 5432", 0, 1900, 14),
    ("race: the dead one ends first", "host=10.77.0.3,10.77.0.5,10.77.0.2 connect_race_delay_ms=100 connect_timeout=1", "up 10.77.0.2 5432", 1090, 6000, 24),
    (
        "race: all fail, told in the order of the hosts",
        "host=10.77.0.3,10.77.0.4,10.77.0.6 connect_race_delay_ms=50 connect_timeout=1",
        r'^connection to server at "10\.77\.0\.3", port 5432 failed: timeout expired\|'
        r'connection to server at "10\.77\.0\.4", port 5432 failed: Connection refused\|\|Is the server .*\|'
        r'connection to server at "10\.77\.0\.6", port 5432 failed: timeout expired\|$',
        990,
        6000,
        30,
    ),
    (
        "race: deadline for all",
        "host=10.77.0.3,10.77.0.5 connect_race_delay_ms=50 connect_deadline_ms=700",
        r'^connection to server at "10\.77\.0\.3", port 5432 failed: timeout expired\|'
        r'connection to server at "10\.77\.0\.5", port 5432 failed: timeout expired\|$',
        690,
        5000,
        14,
    ),
    ("probe: dead, silent, good", "host=10.77.0.3,10.77.0.5,10.77.0.6,10.77.0.2 host_probe=parallel", "up 10.77.0.2 5432", 0, 2000, 30),
    ("probe: no such server", "host=10.77.0.2,10.77.0.4 host_probe=parallel target_session_attrs=standby", "server is not in hot standby mode\\|.*10\\.77\\.0\\.4", 0, 5000, 30),
    ("probe: standby preferred, none there", "host=10.77.0.4,10.77.0.2 host_probe=parallel target_session_attrs=prefer-standby", "up 10.77.0.2 5432", 0, 5000, 40),
    ("probe and deadline", "host=10.77.0.3,10.77.0.5 host_probe=parallel connect_deadline_ms=700", TIMEOUT, 690, 5000, 14),
]
# name, conninfo, where it is up first and in how many ms, what the far side is told in between, where it is up then
FIRST, SECOND = "up 10.77.0.13 5432", "up 10.77.0.12 5432"
GOOD_HOST = "up 10.77.0.2 5432"
DEAD_THEN_GOOD = "host=10.77.0.3,10.77.0.2 connect_timeout=1 "
PROMOTE = ["standby 13", "primary 12"]
RACING, PROBING = "connect_race_delay_ms=250", "host_probe=parallel"
TWICE = [
    ("race: dead, standby, primary; then promoted", DEAD_STANDBY_PRIMARY + RACING, (FIRST, 240, 1500), PROMOTE, (SECOND, 240, 1500)),
    ("probe: dead, standby, primary; then promoted", DEAD_STANDBY_PRIMARY + PROBING, (FIRST, 0, 1500), PROMOTE, (SECOND, 0, 1500)),
    ("memory: the dead host goes last", DEAD_THEN_GOOD + "host_recheck_s=60", (GOOD_HOST, 990, 6000), [], (GOOD_HOST, 0, 900)),
    (
        "memory: promoted all the same",
        DEAD_STANDBY_PRIMARY + "connect_race_delay_ms=1000 host_recheck_s=60",
        (FIRST, 990, 6000),
        PROMOTE,
        (SECOND, 0, 900),
    ),
    ("memory: none by default", DEAD_THEN_GOOD, (GOOD_HOST, 990, 6000), [], (GOOD_HOST, 990, 6000)),
]

# Programs of others, and the cases that are not for them: ruby-pg and psycopg 3 look names up by themselves,
# psycopg 3 tries hosts one by one by itself, and npm's libpq waits in a thread by PQconnectdb.
DRIVERS = {
    "asyncio": (["drivers.py", "asyncio"], ()),
    "psycopg3": (["drivers.py", "psycopg3"], ("stalled", "probe")),
    "psycopg3-async": (["drivers.py", "psycopg3-async"], ("stalled", "name", "probe")),
    "psycopg2-green": (["drivers.py", "psycopg2-green"], ()),
    "psycopg2-gevent": (["drivers.py", "psycopg2-gevent"], ()),
    "psycopg2-eventlet": (["drivers.py", "psycopg2-eventlet"], ()),
    "ruby-pg": (["drivers.rb"], ("stalled", "name")),
    "node-uv": (["drivers.js", "uv"], ()),
    "node-libpq": (["drivers.js", "libpq"], ("stalled",)),
}
INTERPRETERS = {".py": sys.executable, ".rb": "ruby", ".js": "node"}
DRIVER_CASES = [
    "direct",
    "direct, with time",
    "name, with time",
    "slow line",
    "dead host, then good",
    "rejecting host, then good",
    "silent in TLS, then good",
    "silent in authentication, then good",
    "silent in startup, then good",
    "dead first address of a name",
    "deadline on a dead host",
    "stalled name server, then good",
    "probe: dead, silent, good",
    "race: the dead one ends first",
]

failures = []
count = 0


def check(loop, case, line, environment=""):
    global count
    count += 1
    name, _, expected, least, most, wakeups = case
    where = f"{loop}{environment}: {name}"
    fields = line.rstrip("\n").split("\t")
    problems = []
    if len(fields) < 7:
        problems.append("no answer")
    else:
        outcome, text = fields[0], "\t".join(fields[6:])
        number = {f.split()[0]: float(f.split()[1]) for f in fields[1:6]}
        if expected.startswith(UP):
            if outcome != expected:
                problems.append(f"expected {expected}")
            elif text:
                problems.append("an error text on success")
        elif outcome != "failed" or not re.search(expected, text):
            problems.append(f"expected the error {expected}")
        if not least <= number["ms"] <= most:
            problems.append(f"took {number['ms']:.0f} ms, not {least} to {most}")
        if loop != "blocking" and number["kept_ms"] > 900:
            problems.append(f"a call waited: {number['kept_ms']:.0f} ms")
        if number["wakeups"] > wakeups:
            problems.append(f"{number['wakeups']:.0f} wake-ups, at most {wakeups} allowed")
        if number["left"] > 0:
            problems.append(f"{number['left']:.0f} descriptors stayed open")
        if name == "direct" and loop != "blocking" and number["same"] != 1:
            problems.append("the descriptor of a plain connection has changed")
    if problems:
        failures.append(where)
        print(f"not ok - {where}: {'; '.join(problems)}\n    {line.strip()}", flush=True)
    else:
        print(f"ok - {where}: {fields[1]}, {fields[2]}", flush=True)


def guarded(job, *args):
    """A job of a thread that cannot fail unseen."""
    try:
        job(*args)
    except Exception as error:
        failures.append(str(args))
        print(f"not ok - {args}: {error}", flush=True)


def wanted(loop, name):
    return not ONLY or loop in ONLY or name in ONLY


def run(loop, case, env=None):
    done = subprocess.run(
        [LOOPS, loop, "connect", GOOD + case[1]], capture_output=True, text=True, timeout=90, env={**os.environ, **(env or {})}
    )
    return done.stdout + done.stderr


def run_all(loop, cases, env=None, note=""):
    for case in cases:
        if wanted(loop, case[0]):
            check(loop, case, run(loop, case, env), note)


def paused(loop, what, conninfo, between, env=None):
    """What a program prints that waits for us in between: until then, and afterwards."""
    program = subprocess.Popen(
        [LOOPS, loop, what, GOOD + conninfo], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})}
    )
    before = []
    while (line := program.stdout.readline()) not in ("ready\n", ""):
        before.append(line)
    between()
    return "".join(before), program.communicate("go\n", timeout=90)[0]


def run_twice(peers, loop, case):
    name, conninfo, first, told, second = case
    peers.tell("standby 12")
    peers.tell("primary 13")
    lines = paused(loop, "again", conninfo, lambda: [peers.tell(line) for line in told])
    check(loop, (name, conninfo, *first, 30), lines[0])
    check(loop, (name + " (second time)", conninfo, *second, 30), lines[1])


def run_in_between(loop, what):
    """PQresetStart and PQcancelStart: the deadlines hold there, too, also when the server has become unreachable."""
    case = (f"{what}, with time", "host=good.test connect_timeout=30", UP, 0, 5000, 14)
    if wanted(loop, case[0]):
        _, line = paused(loop, what, case[1], lambda: None)
        # wherever that is
        check(loop, (*case[:2], line.split("\t")[0] if line.startswith(UP) else UP, *case[3:]), line)
    case = (f"{what}, server gone", "host=10.77.0.13 connect_timeout=1", TIMEOUT, 990, 6000, 8)
    if wanted(loop, case[0]):
        rule = "inet far late ip daddr 10.77.0.13 tcp flags syn drop".split()
        _, line = paused(loop, what, case[1], lambda: subprocess.run([*far.FAR, "nft", "add", "rule", *rule], check=True))
        subprocess.run([*far.FAR, "nft", "flush", "chain", "inet", "far", "late"], check=True)
        check(loop, case, line)


def check_one_login(peers, loop):
    """Of two that can be reached at once only one is asked to log us in; a loser that did log us in is told good-bye."""
    global count
    name = "race: one login"
    if not wanted(loop, name):
        return
    count += 1
    peers.tell("primary 12")
    before = [peers.tell(f"seen {n}").split() for n in (12, 13)]
    line = run(loop, (name, "host=10.77.0.12,10.77.0.13 connect_race_delay_ms=0"))
    after = [peers.tell(f"seen {n}").split() for n in (12, 13)]
    logins = [int(a[1]) - int(b[1]) for a, b in zip(after, before)]
    if not line.startswith(UP) or sorted(logins) != [0, 1]:
        failures.append(f"{loop}: {name}")
        print(f"not ok - {loop}: {name}: logins {logins}\n    {line}", flush=True)
    else:
        print(f"ok - {loop}: {name}", flush=True)


def run_drivers(name):
    command, without = DRIVERS[name]
    interpreter = INTERPRETERS[command[0][-3:]]
    paths = {"PYTHONPATH": ":".join(os.environ[name] for name in ("PQP_PSYCOPG3", "PQP_GREENLETS"))}
    for case in CASES + POLLED_CASES + RACES:
        if case[0] not in DRIVER_CASES or any(word in case[0] for word in without) or not wanted(name, case[0]):
            continue
        done = subprocess.run(
            [interpreter, os.path.join(HERE, command[0]), *command[1:], GOOD + case[1]],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, **paths},
        )
        # They do not tell the address, and put the text into words of their own.
        expected = UP if case[2].startswith(UP) else TIMEOUT
        check(name, (case[0], case[1], expected, case[3], 15000, 60), done.stdout + done.stderr)


def at_once(jobs):
    threads = [threading.Thread(target=guarded, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    global count
    # the composite without a thread
    epoll = {"PQP_EPOLL_SOCKET": "1"}, " (epoll inside)"
    with far.peers() as peers:
        if not ONLY or "endings" in ONLY:
            count += 1
            if subprocess.run([os.environ["PQP_ENDINGS"], "far"], timeout=300).returncode != 0:
                failures.append("endings")
        polled = CASES + POLLED_CASES
        at_once(
            [(run_all, "blocking", CASES)]
            + [(run_all, loop, polled) for loop in LOOP_NAMES[1:]]
            + [(run_all, loop, polled, *epoll) for loop in ("poll", "psycopg")]
        )
        at_once([(run_all, loop, RACES) for loop in ("blocking", "poll", "psycopg")] + [(run_all, "poll", RACES, *epoll)])
        at_once([(run_drivers, name) for name in DRIVERS])
        for loop in ["blocking", "poll", "epoll"]:
            for case in TWICE:
                if wanted(loop, case[0]):
                    run_twice(peers, loop, case)
            check_one_login(peers, loop)
        for loop in ["poll", "epoll-once"]:
            for what in ["reset", "cancel"]:
                run_in_between(loop, what)
        print(f"{count} checks, {len(failures)} failed", flush=True)
    sys.exit(1 if failures or not count else 0)


main()
