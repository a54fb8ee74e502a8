"""Time to connect where hosts are dead, standby or fine, and where the name server stalls: blocking and by polling, the
reference and ours, and ours with the options that are for it.

usage: bench.py LOOPS REFERENCE_DIR OUR_DIR          in the network of network.sh
"""

import os
import statistics
import subprocess
import sys

import far

LOOPS, LIBRARIES = sys.argv[1], {"libpq 18.6": sys.argv[2], "ours": sys.argv[3]}
PATIENCE_S = 30
BASE = "user=postgres dbname=postgres sslmode=prefer port=5432 connect_timeout=2 "
# situation, conninfo, options of ours that help
SITUATIONS = [
    ("healthy host", "host=10.77.0.2", ""),
    ("healthy host, by name", "host=good.test", ""),
    ("dead first host", "host=10.77.0.3,10.77.0.2", "connect_race_delay_ms=250"),
    ("dead first address of a name", "host=deadfirst.test", "connect_race_delay_ms=250"),
    ("stalled name server, then a good host", "host=stall.test,10.77.0.2", "connect_race_delay_ms=250"),
    ("standby first", "host=10.77.0.12,10.77.0.13 target_session_attrs=read-write", "host_probe=parallel"),
    ("dead, standby, primary", "host=10.77.0.3,10.77.0.12,10.77.0.13 target_session_attrs=read-write", "host_probe=parallel"),
]


def one(library, loop, conninfo):
    environment = {**os.environ, "LD_LIBRARY_PATH": LIBRARIES[library], "LOOPS_PATIENCE_MS": str(PATIENCE_S * 1000)}
    out = subprocess.run([LOOPS, loop, "connect", BASE + conninfo], capture_output=True, text=True, env=environment).stdout
    fields = out.split("\t")
    if len(fields) < 7:
        return None
    return fields[0].split()[0], *(float(f.split()[1]) for f in (fields[2], fields[3]))


def measured(library, loop, conninfo):
    """Milliseconds to connect, and how long one call kept a program that polls; the median of some runs, of one if it is slow."""
    runs = []
    while len(runs) < 7:
        run = one(library, loop, conninfo)
        if run is None:
            return f"none in {PATIENCE_S} s"
        if run[0] != "up":
            return "failed"
        runs.append(run)
        if run[1] > 500:
            break
    ms, kept = (statistics.median(run[i] for run in runs) for i in (1, 2))
    text = f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms"
    return text if loop == "blocking" or kept < 200 else f"{text}, of it {kept:.0f} ms in one call"


def main():
    print("Time to connect; connect_timeout=2 everywhere. The name server does not answer for 20 s where it stalls.\n")
    print("| situation | call | libpq 18.6 | ours | ours, with |")
    print("|---|---|---|---|---|")
    with far.peers():
        for name, conninfo, options in SITUATIONS:
            for loop, call in [("blocking", "blocking"), ("poll", "async")]:
                theirs, ours = (measured(library, loop, conninfo) for library in LIBRARIES)
                helped = f"{measured('ours', loop, conninfo + ' ' + options)} ({options})" if options else ""
                print(f"| {name} | {call} | {theirs} | {ours} | {helped} |", flush=True)


main()
