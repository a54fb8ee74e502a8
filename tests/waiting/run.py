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

HERE = os.path.dirname(os.path.abspath(__file__))
LOOPS, ONLY = sys.argv[1], sys.argv[2:]
FAR = os.environ["PQP_FAR"].split()
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
        if loop != "blocking" and number["start_ms"] > 400:
            problems.append("PQconnectStart waited")
        if number["wakeups"] > wakeups:
            problems.append(f"{number['wakeups']:.0f} wake-ups, at most {wakeups} allowed")
        # a resolver that was given up keeps its own socket until the name server's time is over
        if number["left"] > ("stall.test" in case[1]):
            problems.append(f"{number['left']:.0f} descriptors stayed open")
        if name == "direct" and loop != "blocking" and number["same"] != 1:
            problems.append("the descriptor of a plain connection has changed")
    if problems:
        failures.append(where)
        print(f"not ok - {where}: {'; '.join(problems)}\n    {line.strip()}", flush=True)
    else:
        print(f"ok - {where}: {fields[1]}, {fields[2]}", flush=True)


def wanted(loop, name):
    return not ONLY or loop in ONLY or name in ONLY


def run(loop, case, env=None, what="connect"):
    done = subprocess.run(
        [LOOPS, loop, what, GOOD + case[1]], capture_output=True, text=True, timeout=90, env={**os.environ, **(env or {})}
    )
    return done.stdout + done.stderr


def run_all(loop, cases, env=None, note=""):
    for case in cases:
        if wanted(loop, case[0]):
            check(loop, case, run(loop, case, env), note)


def main():
    peers = subprocess.Popen(
        [*FAR, sys.executable, os.path.join(HERE, "peers.py"), f"{os.environ['PQP_HOST18']}/.s.PGSQL.{os.environ['PQP_PORT18']}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert peers.stdout.readline() == "ready\n", "the far side did not start"
    try:
        jobs = [threading.Thread(target=run_all, args=("blocking", CASES))]
        for loop in LOOP_NAMES[1:]:
            jobs.append(threading.Thread(target=run_all, args=(loop, CASES + POLLED_CASES)))
        # the composite without a thread
        epoll = {"PQP_EPOLL_SOCKET": "1"}
        jobs.append(threading.Thread(target=run_all, args=("poll", CASES + POLLED_CASES, epoll, " (epoll inside)")))
        jobs.append(threading.Thread(target=run_all, args=("psycopg", CASES + POLLED_CASES, epoll, " (epoll inside)")))
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
        print(f"{count} checks, {len(failures)} failed", flush=True)
    finally:
        peers.stdin.close()
        peers.wait(timeout=20)
    sys.exit(1 if failures or not count else 0)


main()
