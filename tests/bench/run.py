#!/usr/bin/env python3
"""Measures the workloads on our library and on libpq's, prints the table, and keeps all in JSON.

Started by `make bench` and `make bench-quick`, between with_servers.sh and the servers; see bench.sh.

  run.py WORKDIR [--quick] [--gate] [WORKLOAD...]

Counts (instructions by callgrind, system calls by strace, allocations by a preloaded counter) are
differences of two sizes, so that what happens once drops out; they need no quiet machine. Times are
medians of the ratios of runs that alternate between the libraries. A workload that fails on a
library is said so in its row, and the run goes on; it fails at the end.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import report  # noqa: E402
from workloads import LIBRARIES, WORKLOADS  # noqa: E402

# What floor.c does, each like one more library.
FLOORS = ("walk", "keep")

# A hang is a failure; nothing here takes so long.
LONGEST_S = 300


class Failed(Exception):
    """A run of the program that did not do what was asked."""


class Bench:
    def __init__(self, work, quick):
        self.work = work
        self.quick = quick
        host, port = os.environ["PQP_HOST18"], os.environ["PQP_PORT18"]
        tcp = f"host=127.0.0.1 port={port} dbname=postgres"
        self.servers = {
            "canned": f"host={work} port=1 user=postgres dbname=postgres",
            "unix": f"host={host} port={port} user=postgres dbname=postgres",
            "scram": f"{tcp} user=pqp_scram password=pw-scram sslmode=disable",
            "tls": f"{tcp} user=postgres sslmode=require",
            "tls_scram": f"{tcp} user=pqp_scram password=pw-scram sslmode=require",
        }
        home = work / "home"
        home.mkdir(exist_ok=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C"}
        self.directory = {key: work / key for key, _ in LIBRARIES}
        # where floor.c connects to: a path or a port
        self.places = {"unix": f"{host}/.s.PGSQL.{port}", "canned": f"{work}/.s.PGSQL.1", "scram": port}
        # ends with its standard input, so with us
        self.canned = subprocess.Popen([str(work / "canned"), self.places["canned"], self.places["unix"]],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.canned.stdout.readline() != "ready\n":
            raise SystemExit("bench: the canned server does not start")

    def call(self, wrapper, library, workload, n, preload=False, **more):
        """Runs the program, with more in its environment; its JSON, and what it and its wrapper said on standard error."""
        environment = self.environment | more
        inside = {}
        if library not in FLOORS:
            inside["LD_LIBRARY_PATH"] = str(self.directory[library])
        if preload and library not in FLOORS:
            inside["LD_PRELOAD"] = str(self.work / "allocs.so")
        if wrapper[:1] == ["strace"]:
            # only for the program: strace's own libraries are none of ours
            wrapper = wrapper + [a for k, v in inside.items() for a in ("-E", f"{k}={v}")]
        else:
            environment.update(inside)
        if library in FLOORS:
            command = [str(self.work / "floor"), library, workload.run, self.places[workload.server], str(n)]
        elif workload.run == "load":
            command = [str(self.work / "load")]
            if n > 0:
                command.append(str(self.directory[library] / "libpq.so.5"))
        else:
            command = [str(self.work / "bench"), workload.run, self.servers[workload.server], str(n)]
            if workload.extra is not None:
                command.append(str(workload.extra))
        try:
            done = subprocess.run(wrapper + command, env=environment, capture_output=True, text=True,
                                  timeout=LONGEST_S, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise Failed(f"still running after {LONGEST_S} s") from None
        if done.returncode != 0:
            said = (done.stderr.strip() or "nothing").splitlines()
            raise Failed(f"status {done.returncode}: {said[-1]}")
        try:
            told = {}
            for line in done.stdout.splitlines():
                told |= json.loads(line)
        except ValueError:
            raise Failed(f"printed {done.stdout[:80]!r}") from None
        came_from = told.get("library")
        if came_from is not None and Path(came_from).parent.name != library:
            raise Failed(f"ran on {came_from}")
        return told, done.stderr

    # ---- counting ----

    def sizes(self, workload):
        small, large = workload.sizes
        return (small // 4, large // 4) if self.quick and large >= 10000 else (small, large)

    def instructions(self, library, workload, n):
        keep = os.environ.get("KEEP")  # a directory for callgrind's files, to be looked into
        out = f"{keep}/callgrind.{workload.name}.{library}.{n}" if keep else "/dev/null"
        _, said = self.call(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"],
                            library, workload, n)
        found = re.search(r"Collected : (\d+)", said)
        if found is None:
            raise Failed("callgrind gave no count")
        return int(found[1])

    def calls(self, library, workload, n):
        """System calls by name, and allocations."""
        out = self.work / f"strace.{library}.{workload.name}.{n}"
        told, _ = self.call(["strace", "-f", "-c", "-o", str(out)], library, workload, n, preload=True)
        names = {}
        for line in out.read_text().splitlines():
            parts = line.split()
            # % time, seconds, usecs/call, calls, [errors], syscall
            if len(parts) >= 5 and re.fullmatch(r"[\d.]+", parts[0]) and parts[-1] != "total":
                names[parts[-1]] = int(parts[3])
        out.unlink()
        return names, told.get("allocations", 0)

    def count(self, library, workload):
        """Counts an operation; also the checksum of the larger run."""
        small, large = self.sizes(workload)
        over = large - small
        made = {}
        a, b = (self.instructions(library, workload, n) for n in (small, large))
        made["instructions"] = (b - a) / over
        (a, a_allocations), (b, b_allocations) = (self.calls(library, workload, n) for n in (small, large))
        made["calls"] = (sum(b.values()) - sum(a.values())) / over
        by_name = {name: (b.get(name, 0) - a.get(name, 0)) / over for name in {*a, *b}}
        made["calls_by_name"] = {k: v for k, v in sorted(by_name.items(), key=lambda x: -x[1]) if abs(v) > 0.0005}
        if workload.run != "load" and library not in FLOORS:
            made["allocations"] = (b_allocations - a_allocations) / over
        return made

    # ---- timing ----

    def rounds(self, libraries, workload, n, rounds):
        """[{library: what the program told}]: each round has one run on every library, from the fourth on only on those that the
        ratios are of."""
        made = []
        for i in range(rounds):
            some = libraries if i < 3 else [one for one in libraries if one in (LIBRARIES[0][0], "ours", *FLOORS)]
            # no library is always the one that finds the machine as another has left it
            order = some[i % len(some):] + some[:i % len(some)]
            made.append({library: self.call([], library, workload, n)[0] for library in order})
        return made

    def time(self, libraries, workload, results):
        n = workload.timed
        rounds = 7
        if self.quick:
            n, rounds = max(n // 10, min(n, 10)), 3
        self.rounds(libraries[:1], workload, n, 1)  # the canned server learns the answer
        made = self.rounds(libraries, workload, n, rounds)
        if len({told.get("checksum") for library, told in made[0].items() if library != "walk"}) != 1:
            raise Failed("the libraries read different data")
        for library in libraries:
            mine = results[library]
            mine["timed_n"], mine["rounds"] = n, rounds
            for clock in ("wall", "cpu"):
                mine[clock] = statistics.median(told[library][clock] for told in made if library in told) / n
                for other in libraries:
                    ratios = [told[library][clock] / max(told[other][clock], 1e-9)
                              for told in made if library in told and other in told]
                    low, middle, high = statistics.quantiles(ratios, n=4)
                    mine[f"{clock}_ratio_to_{other}"] = middle
                    mine[f"{clock}_quartiles_to_{other}"] = [low, high]
            if workload.memory == "peak" and library not in FLOORS:
                mine["memory"] = min(told[library]["peak_kb"] for told in made if library in told) * 1024
        if workload.memory == "idle":
            small, large = workload.sizes
            for library in libraries:
                a, b = (self.call([], library, workload, size)[0] for size in (small, large))
                results[library]["memory"] = (b["heap"] - a["heap"]) / (large - small)
                results[library]["private"] = (b["private_kb"] - a["private_kb"]) * 1024 / (large - small)

    # ---- all of it ----

    def measure(self, workloads, libraries):
        def all_of(workload):
            # a second build of the same libpq has nothing to add in the longer list
            left_out = workload.skip if workload.quick else (*workload.skip, "reference")
            return [one for one in libraries if one not in left_out] + list(workload.floor)

        results = {w.name: {library: {} for library in (*libraries, *w.floor)} for w in workloads}

        def count(job):
            workload, library = job
            try:
                results[workload.name][library].update(self.count(library, workload))
            except Failed as failed:
                results[workload.name][library]["failed"] = str(failed)
            print(".", end="", file=sys.stderr, flush=True)

        jobs = [(w, library) for w in workloads for library in all_of(w)]
        start = time.monotonic()
        print(f"bench: counting {len(jobs)} ", end="", file=sys.stderr, flush=True)
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            list(pool.map(count, jobs))
        print(f" {time.monotonic() - start:.0f} s\nbench: timing {len(workloads)} ", end="", file=sys.stderr, flush=True)
        start = time.monotonic()
        for workload in workloads:
            result = results[workload.name]
            able = [one for one in all_of(workload) if "failed" not in result[one]]
            try:
                if able:
                    self.time(able, workload, result)
            except Failed as failed:
                for library in able:
                    result[library]["failed"] = str(failed)
            print(".", end="", file=sys.stderr, flush=True)
        print(f" {time.monotonic() - start:.0f} s", file=sys.stderr)
        return results


def machine():
    """What a reader of the times wants to know of where they were taken."""
    models = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {"processor": models[0] if models else "?", "processors": len(models), "kernel": os.uname().release,
            "load": os.getloadavg()[1], "day": time.strftime("%Y-%m-%d", time.gmtime())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--gate", action="store_true",
                        help="fail when a row costs an allocation, or more instructions than libpq's")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--readme", type=Path, help="a page to put the table into, between its marks")
    parser.add_argument("--from-json", type=Path, help="measure nothing: report what was measured before")
    parser.add_argument("only", nargs="*")
    arguments = parser.parse_intermixed_args()
    names = {w.name for w in WORKLOADS}
    unknown = [name for name in arguments.only if name not in names]
    if unknown:
        sys.exit(f"bench: no workload {unknown[0]}; there are {' '.join(w.name for w in WORKLOADS)}")
    workloads = [w for w in WORKLOADS
                 if (w.name in arguments.only if arguments.only else w.quick or not arguments.quick)]
    libraries = [key for key, _ in LIBRARIES if not arguments.quick or key in ("psycopg", "ours")]

    if arguments.from_json:
        told = json.loads(arguments.from_json.read_text())
        workloads = [w for w in workloads if w.name in told["workloads"]]
    else:
        results = Bench(arguments.work, arguments.quick).measure(workloads, libraries)
        told = {"quick": arguments.quick, "machine": machine(), "libraries": dict(LIBRARIES), "workloads": results}
    results = told["workloads"]
    if arguments.json:
        arguments.json.write_text(json.dumps(told, indent=1) + "\n")
        print(f"bench: all of it is in {arguments.json}", file=sys.stderr)
    if arguments.svg:
        arguments.svg.write_text(report.chart(workloads, results))
    if arguments.readme:
        report.into_readme(arguments.readme, "bench", report.markdown(workloads, results, told["machine"]))
    print(report.table(workloads, libraries, results))
    failed = [(w.name, library, of[library]["failed"])
              for w in workloads for of in [results[w.name]] for library in of if "failed" in of[library]]
    for name, library, why in failed:
        print(f"bench: {name} failed on {library}: {why}", file=sys.stderr)
    if arguments.gate and not failed:
        for w in workloads:
            ours, theirs = results[w.name]["ours"], results[w.name]["psycopg"]
            if ours["instructions"] >= theirs["instructions"]:
                sys.exit(f"bench: {w.name}: more instructions than with libpq")
            if ours["allocations"] > 0.01:
                sys.exit(f"bench: {w.name}: a {w.unit} costs allocations")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
