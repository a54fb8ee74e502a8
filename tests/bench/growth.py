#!/usr/bin/env python3
"""What grows with the size and what must not: `make bench-growth`; see bench.sh.

  growth.py WORKDIR [--json FILE] [--svg FILE] [--readme FILE]

All of it against the server that answers from memory. Prints each figure, then the checks, each as
pass or fail, and fails when one does. Costs are instructions of the client where a count is quick
enough, else time on the processor.
"""

import argparse
import json
import os
import statistics
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import report  # noqa: E402
import svg  # noqa: E402
from run import Bench, Failed  # noqa: E402
from workloads import Workload  # noqa: E402

LIBRARIES = ("psycopg", "ours")
MB = 1048576


def workload(run, extra=None):
    return Workload(run, run, "", run, "canned", (0, 0), 0, extra=extra)


class Growth:
    def __init__(self, bench):
        self.bench = bench
        self.series = {}  # name: {library: [(x, y)]}
        self.checks = []  # {what, figures, value, limit, passed}
        self.failures = []

    def note(self, name, library, x, y):
        self.series.setdefault(name, {one: [] for one in LIBRARIES})[library].append((x, y))

    def check(self, what, value, limit, figures="not measured", render=lambda value: f"{value:.2f} times"):
        """The value, which may be at most the limit; None fails."""
        passed = value is not None and value <= limit
        self.checks.append({"what": what, "figures": figures, "value": value, "limit": limit, "passed": passed,
                            "shown": "-" if value is None else render(value), "shown_limit": render(limit)})
        print(f"{'pass' if passed else 'FAIL'}  {what}: {figures}: {self.checks[-1]['shown']}, "
              f"at most {render(limit)}", flush=True)

    def flat(self, what, name, limit, beginning=0):
        points = [(x, y) for x, y in self.series.get(name, {}).get("ours", []) if x >= beginning]
        if len(points) < 2:
            self.check(what, None, limit)
            return
        first = points[0][1]
        at, worst = max(points[1:], key=lambda point: point[1])
        self.check(what, worst / first, limit,
                   f"{first:,.0f} at {svg.short(points[0][0])}, up to {svg.short(points[-1][0])} {worst:,.0f} at most "
                   f"(at {svg.short(at)})")

    def guarded(self, name, library, step):
        try:
            step()
        except Failed as failed:
            self.failures.append(f"{name} on {library}: {failed}")
            print(f"bench: {self.failures[-1]}", file=sys.stderr)

    def counted(self, name, jobs, at_once=os.cpu_count() or 1):
        """jobs: (x, run, extra, small, large, operations in an n): y is instructions an operation."""
        def one(job):
            library, (x, run, extra, small, large, each) = job
            w = workload(run, extra)

            def step():
                a, b = (self.bench.instructions(library, w, n) for n in (small, large))
                self.note(name, library, x, (b - a) / (large - small) / each)
            self.guarded(name, library, step)

        with ThreadPoolExecutor(max_workers=at_once) as pool:
            list(pool.map(one, [(library, job) for job in jobs for library in LIBRARIES]))
        for points in self.series.get(name, {}).values():
            points.sort()
        self.show(name)

    def timed(self, name, jobs, rounds=3):
        """jobs: (x, run, extra, n): y is nanoseconds of the processor an operation; all told, by job."""
        told = {}
        for x, run, extra, n in jobs:
            w = workload(run, extra)
            self.guarded(name, LIBRARIES[0], lambda w=w, n=n: self.bench.call([], LIBRARIES[0], w, n))
            runs = {library: [] for library in LIBRARIES}
            for _ in range(rounds):
                for library in LIBRARIES:
                    def step(library=library, w=w, n=n):
                        runs[library].append(self.bench.call([], library, w, n, BENCH_SIZES="1")[0])
                    self.guarded(name, library, step)
            for library, made in runs.items():
                if len(made) == rounds:
                    self.note(name, library, x, statistics.median(r["cpu"] for r in made) / n * 1e9)
                    told[library, x] = min(made, key=lambda r: r["peak_kb"])
        self.show(name)
        return told

    def show(self, name):
        print(f"      {name}")
        for library, points in self.series.get(name, {}).items():
            print(f"        {library:8}" + "  ".join(f"{svg.short(x)}: {report.number(y)}" for x, y in points), flush=True)

    # ---- the subjects ----

    def rows(self):
        sizes = [10 ** p for p in range(3, 8)]
        self.counted("instructions a row", [(n, "many_rows", None, n // 10, n, 1) for n in sizes])
        self.flat("instructions a row, 10^3 to 10^7 rows", "instructions a row", 1.1)
        told = self.timed("ns a row", [(n, "many_rows", None, n) for n in sizes])
        self.flat("processor time a row, 10^4 to 10^7 rows", "ns a row", 1.5, beginning=10 ** 4)
        for (library, n), run in sorted(told.items()):
            self.note("bytes kept a byte received, rows", library, n, run["heap"] / run["wire"])
        self.bound("10^6 rows of 4 columns", told.get(("ours", 10 ** 6)))
        self.bound("10^7 rows of 4 columns", told.get(("ours", 10 ** 7)))

    def bound(self, what, run):
        """A result of N bytes costs at most 1.15 N + 8 bytes a field, at its peak too."""
        if run is None:
            self.check(f"memory of {what}", None, 0)
            return
        most = 1.15 * run["wire"] + 8 * run["fields"]
        peak = (run["peak_kb"] - run["peak_before_kb"]) * 1024
        self.check(f"memory of {what}, 1.15 N + 8 bytes a field", max(run["heap"], peak), most,
                   f"N {run['wire'] / MB:.1f} MB, kept {run['heap'] / MB:.1f}, peak {peak / MB:.1f}",
                   lambda value: f"{value / MB:.1f} MB")

    def columns(self):
        widths = (1, 4, 16, 64, 256, 1024, 1600)
        fields = 160000
        jobs = []
        for width in widths:
            rows = fields // width // 10 * 10
            jobs.append((width, "columns", width, rows, 2 * rows, width))
        self.counted("instructions a field", jobs)
        self.flat("instructions a field, its share of the row among them, 1 to 1,600 columns", "instructions a field", 1.0)
        self.flat("instructions a field, 4 to 1,600 columns", "instructions a field", 1.1, beginning=4)
        told = self.timed("ns a row of columns", [(width, "columns", width, 20 * fields // width // 10 * 10)
                                                   for width in (1, 64, 1600)], rounds=1)
        for width in (1, 64, 1600):
            self.bound(f"rows of {width} columns of 8 bytes", told.get(("ours", width)))

    def loop(self):
        crowd = (1, 10, 100, 1000, 10000)
        # one at a time: a server has no descriptors for twice ten thousand; and some queries a connection, for what the
        # allocator does when so many end differs by more than one query costs
        self.counted("instructions a query in a loop",
                     [(n, "many_query", n, n, n + max(4 * n, 2000), 1) for n in crowd], at_once=1)
        self.flat("instructions a query, 1 to 10,000 connections in a loop", "instructions a query in a loop", 1.1)
        self.timed("ns a query in a loop", [(n, "many_query", n, max(20000, 4 * n)) for n in crowd], rounds=5)
        self.flat("processor time a query, 1 to 10,000 connections in a loop", "ns a query in a loop", 1.5)
        # no cache holds so many connections: what is touched of each decides, not instructions
        series = self.series.get("ns a query in a loop", {})
        ours, theirs = (dict(series.get(library, ())).get(crowd[-1]) for library in ("ours", "psycopg"))
        self.check("processor time a query at 10,000 connections, over libpq's", ours / theirs if ours and theirs else None, 1.15,
                   f"{report.number(ours)} ns, libpq {report.number(theirs)}")

    def copies(self):
        sizes = [10 ** p for p in range(4, 8)]
        for what, run in (("COPY out", "much_copied_out"), ("COPY in", "copy_in")):
            told = self.timed(f"ns a row, {what}", [(n, run, None, n) for n in sizes], rounds=1)
            for (library, n), one in sorted(told.items()):
                self.note(f"KB at the peak, {what}", library, n, one["peak_kb"] - one["peak_before_kb"])
            self.show(f"KB at the peak, {what}")
            peaks = dict(self.series.get(f"KB at the peak, {what}", {}).get("ours", []))
            grown = peaks[10 ** 7] - peaks[10 ** 5] if 10 ** 7 in peaks and 10 ** 5 in peaks else None
            self.check(f"{what} in constant memory: more at 10^7 rows than at 10^5", grown, 256,
                       f"{peaks.get(10 ** 7)} KB at the peak of 10^7 rows", lambda value: f"{value} KB")

    def value(self):
        told = self.timed("ns a byte of one value", [(n, "value", None, n) for n in (10 ** 6, 10 ** 7, 10 ** 8, 10 ** 9)],
                          rounds=1)
        for (library, n), one in sorted(told.items()):
            self.note("peak, times the value", library, n, (one["peak_kb"] - one["peak_before_kb"]) * 1024 / n)
        self.show("peak, times the value")
        points = dict(self.series.get("peak, times the value", {}).get("ours", []))
        worst = points.get(10 ** 9)
        self.check("a value of 1 GB costs at most one copy: the peak over the value's size", worst, 2.02,
                   "10^9 bytes in one value")
        self.bound("one value of 1 GB", told.get(("ours", 10 ** 9)))

    def panels(self):
        wanted = [
            ("A row, by the number of rows", "client instructions", "instructions a row"),
            ("A row, by the number of rows", "ns of processor time", "ns a row"),
            ("A field, by the number of columns", "client instructions", "instructions a field"),
            ("A query, by connections in one loop", "client instructions", "instructions a query in a loop"),
            ("COPY out, by rows", "KB at the peak", "KB at the peak, COPY out"),
            ("One value, by its bytes", "peak memory over the value's size", "peak, times the value"),
        ]
        return [(heading, unit, self.series.get(name, {})) for heading, unit, name in wanted]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--readme", type=Path)
    parser.add_argument("only", nargs="*", help="rows columns loop copies value")
    arguments = parser.parse_intermixed_args()
    growth = Growth(Bench(arguments.work, quick=False))
    for subject in arguments.only or ("rows", "columns", "loop", "copies", "value"):
        getattr(growth, subject)()
    if arguments.json:
        arguments.json.write_text(json.dumps({"series": growth.series, "checks": growth.checks,
                                              "failures": growth.failures}, indent=1) + "\n")
    if not arguments.only:
        if arguments.svg:
            arguments.svg.write_text(svg.lines("What grows with the size, and what does not",
                                               "client of a server that answers from memory; flat is good", growth.panels()))
        if arguments.readme:
            report.into_readme(arguments.readme, "growth", "\n".join(
                ["| Check | Figures | measured | at most | |", "|---|---|--:|--:|---|",
                 *(f"| {c['what']} | {c['figures']} | {c['shown']} | {c['shown_limit']} | "
                   f"{'pass' if c['passed'] else '**fail**'} |" for c in growth.checks)]))
    print()
    passed = sum(check["passed"] for check in growth.checks)
    print(f"{passed} of {len(growth.checks)} checks passed" + "".join(f"\nnot measured: {f}" for f in growth.failures))
    sys.exit(0 if passed == len(growth.checks) and not growth.failures else 1)


if __name__ == "__main__":
    main()
