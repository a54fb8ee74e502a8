"""Runs the consumers on both libraries, compares, prints the table. Called by tests/interop.sh.

    run.py --list               the consumers' names
    run.py --check [NAME...]    exit code 2 if one is unknown
    run.py --run DIR [NAME...]  run them; DIR has reference/lib, ours/lib and witness.so

A consumer is a command. It finds in its environment an empty database of a server of its own
library's (PGHOST, PGPORT, PGUSER, PGDATABASE), the library (LD_LIBRARY_PATH) and the witness
(LD_PRELOAD). A reader turns what it printed into tests: a name, a status ("ok", "not ok", "skip"),
and, for the scripts that are ours, what was seen, which must be the same on both libraries.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
BEGIN, END = "<!-- interop: begin -->", "<!-- interop: end -->"


# ---- reading results: each gives a list of (name, status, seen or reason) ----


def read_lines(text, _files):
    """What the scripts of this directory print: "ok - NAME<tab>SEEN", one a test, "done" at the end.
    Other lines are diagnostics."""
    tests = []
    done = False
    for line in text.splitlines():
        found = re.match(r"(ok|not ok|skip) - ([^\t]*)(?:\t(.*))?$", line)
        if found:
            tests.append((found[2], found[1], found[3] or ""))
        elif line == "done":
            done = True
    tests.append(("(the script came to its end)", "ok" if done else "not ok", ""))
    return tests


def read_unittest(text, _files):
    """Python's unittest -v. A test's own output may stand before its verdict, hence the search."""
    tests = []
    name = None
    for line in text.splitlines():
        found = re.match(r"(\w+) \(([\w.]+)\)", line)
        if found and not line.startswith(("ERROR:", "FAIL:")):
            name = found[2] if found[2].endswith("." + found[1]) else f"{found[2]}.{found[1]}"
        verdict = re.search(r"(?:\.\.\. |^)(ok|FAIL|ERROR|skipped .*|expected failure|unexpected success)$", line)
        if name and verdict:
            word = verdict[1]
            status = "ok" if word in ("ok", "expected failure") else "skip" if word.startswith("skipped") else "not ok"
            tests.append((name, status, None))
            name = None
    reasons = {}
    for block in re.split(r"^={20,}$", text, flags=re.M)[1:]:
        head = re.match(r"\s*(?:ERROR|FAIL): (\w+) \(([\w.]+)\)", block)
        if head:
            key = head[2] if head[2].endswith("." + head[1]) else f"{head[2]}.{head[1]}"
            body = block.split("-" * 60)[-2] if block.count("-" * 60) > 1 else block
            lines = [line for line in body.strip().splitlines() if line and not line.startswith((" ", "-"))]
            reasons[key] = lines[-1] if lines else ""
    tests = [(n, s, reasons.get(n, r) if s == "not ok" else r) for n, s, r in tests]
    ended = re.search(r"^Ran \d+ tests? in", text, flags=re.M)
    tests.append(("(the suite came to its end)", "ok" if ended else "not ok", None if ended else last_line(text)))
    return tests


def read_mocha(_text, files):
    """mocha's JSON reporter, written to a file."""
    report = json.loads((files / "mocha.json").read_text())
    tests = []
    for key, status in (("passes", "ok"), ("pending", "skip"), ("failures", "not ok")):
        for test in report[key]:
            reason = test["err"].get("message") if key == "failures" else None
            tests.append((test["fullTitle"], status, reason))
    return tests


def read_libpqxx(text, _files):
    """libpqxx's runner: "Running: NAME", and "FAILED: NAME" after the reason."""
    tests = []
    name, reason, unsupported = None, "", False

    def close(status):
        if name:
            tests.append((name, "skip" if unsupported else status, reason if status != "ok" else None))

    for line in text.splitlines():
        if line.startswith("Running: "):
            close("ok")
            name, reason, unsupported = line[9:], "", False
        elif line.startswith("FAILED: ") and name:
            close("not ok")
            name = None
        elif line.startswith("Not testing unsupported feature"):
            unsupported = True
        elif re.match(r"Ran \d+ test", line):
            close("ok")
            name = None
        elif re.match(r"Test failure|SQL error|Exception|Unknown exception", line):
            reason = line
    # what was running when the program died
    close("not ok")
    return tests


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "no output"


# ---- the consumers ----


class Consumer:
    """command(side) gives the arguments; witnesses are the programs that must be seen with the
    library; server 15 or 18 is whose empty database it gets, after the SQL command setup in it."""

    def __init__(self, name, title, command, witnesses, read=read_lines, server=18, env=None, cwd=None, limit=300, setup=None):
        self.name, self.title, self.command, self.witnesses = name, title, command, witnesses
        self.read, self.server, self.env, self.cwd, self.limit = read, server, env or (lambda side: {}), cwd, limit
        self.setup = setup


def setting(name):
    value = os.environ.get(name)
    if not value:
        sys.exit(f"interop: {name} is not set; run it by tests/interop.sh")
    return value


def script(name, *arguments):
    return lambda side: [sys.executable, str(HERE / name), *arguments]


def psycopg2_env(side):
    return {
        "PYTHONPATH": setting("PQP_PSYCOPG2") + "/lib",
        "PSYCOPG2_TESTDB": side.database,
        "PSYCOPG2_TESTDB_HOST": side.host,
        "PSYCOPG2_TESTDB_PORT": side.port,
        "PSYCOPG2_TESTDB_USER": "postgres",
        "PSYCOPG2_TEST_REPL_DSN": f"host={side.host} port={side.port} user=postgres dbname={side.database}",
    }


CONSUMERS = [
    Consumer(
        "psycopg2",
        "psycopg2 2.9.13, its own test suite",
        lambda side: [
            sys.executable,
            "-c",
            "import sys; sys.path.insert(0, sys.argv.pop(1)); import tests; "
            "tests.unittest.main(defaultTest='tests.test_suite', verbosity=2)",
            setting("PQP_PSYCOPG2") + "/src",
        ],
        ["python3"],
        read=read_unittest,
        env=psycopg2_env,
        setup="CREATE EXTENSION hstore",
    ),
    Consumer(
        "psycopg3",
        "psycopg 3.3.9 (libpq through ctypes), a script",
        script("psycopg3.py"),
        ["python3"],
        env=lambda side: {"PYTHONPATH": setting("PQP_PSYCOPG3"), "PSYCOPG_IMPL": "python"},
    ),
    Consumer(
        "pygresql",
        "PyGreSQL 6.2.3, its own tests",
        lambda side: [sys.executable, "-m", "unittest", "discover", "-v", "-t", ".", "-s", "tests"],
        ["python3"],
        read=read_unittest,
        env=lambda side: {"PYTHONPATH": setting("PQP_PYGRESQL") + "/lib"},
        cwd=lambda: setting("PQP_PYGRESQL"),
    ),
    Consumer("dbd-pg", "DBD::Pg (Debian), a script", lambda side: ["/usr/bin/perl", str(HERE / "dbd_pg.pl")], ["perl"]),
    Consumer("ruby-pg", "ruby-pg (Debian), a script", lambda side: ["/usr/bin/ruby", str(HERE / "ruby_pg.rb")], ["ruby"]),
    Consumer("php-pgsql", "PHP pgsql (Debian), a script", lambda side: ["/usr/bin/php", str(HERE / "php_pgsql.php")], ["php"]),
    Consumer("php-pdo_pgsql", "PHP pdo_pgsql (Debian), a script", lambda side: ["/usr/bin/php", str(HERE / "php_pdo.php")], ["php"]),
    Consumer(
        "node-libpq",
        "node libpq 1.11.0 (npm), its own tests",
        lambda side: [
            "node",
            "../mocha/bin/mocha.js",
            "--reporter",
            "json",
            "--reporter-option",
            f"output={side.scratch}/mocha.json",
        ],
        ["node"],
        read=read_mocha,
        cwd=lambda: setting("PQP_NODE_LIBPQ") + "/node_modules/libpq",
    ),
    Consumer(
        "libpqxx",
        "libpqxx 6.4.5 (Debian), its own tests",
        lambda side: [setting("PQP_PQXX_RUNNER")],
        ["runner"],
        read=read_libpqxx,
    ),
    Consumer("psqlodbc", "psqlodbc (Debian), isql and a C program", script("psqlodbc.py"), ["isql", "psqlodbc"]),
    Consumer("qt-qpsql", "Qt 5 QPSQL (Debian), a C++ program", lambda side: [setting("PQP_QT_PROGRAM")], ["qt_qpsql"]),
    Consumer("gdal", "GDAL's ogr2ogr and ogrinfo (Debian)", script("gdal.py"), ["ogr2ogr", "ogrinfo"]),
    Consumer(
        "wal-programs-15",
        "pg_basebackup, pg_receivewal, pg_recvlogical 15",
        script("wal_programs.py", "15"),
        ["pg_basebackup", "pg_receivewal", "pg_recvlogical"],
        server=15,
    ),
    Consumer(
        "wal-programs-18",
        "pg_basebackup, pg_receivewal, pg_recvlogical 18",
        script("wal_programs.py", "18"),
        ["pg_basebackup", "pg_receivewal", "pg_recvlogical"],
    ),
    Consumer("server-15", "server 15: walreceiver, apply worker, postgres_fdw, dblink", script("server_side.py", "15"), ["psql", "pg_basebackup"], server=15),
    Consumer("server-18", "server 18: walreceiver, apply worker, postgres_fdw, dblink", script("server_side.py", "18"), ["psql", "pg_basebackup"]),
]


# ---- running ----


STOP = threading.Event()


class Side:
    """One of the two libraries, its servers and the place of its files."""

    def __init__(self, which, run):
        self.which = which
        self.library = run / which / "lib" / "libpq.so.5"
        self.witness_so = run / "witness.so"
        self.root = run / which

    def enter(self, consumer):
        """Makes an empty database and a scratch directory, and gives the environment."""
        prefix = f"PQP_{self.which.upper()}_"
        self.host = setting(f"{prefix}HOST{consumer.server}")
        self.port = setting(f"{prefix}PORT{consumer.server}")
        self.database = "interop_" + re.sub(r"\W", "_", consumer.name)
        self.scratch = self.root / consumer.name
        self.scratch.mkdir()
        self.scratch.chmod(0o777)
        self.witness = self.scratch / "witness"
        self.witness.touch()
        self.witness.chmod(0o666)
        self.admin(f'CREATE DATABASE "{self.database}"')
        if consumer.setup:
            self.admin(consumer.setup, self.database)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LD_", "LC_", "PYTHON", "PERL", "RUBY"))}
        return kept | {
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "HOME": str(self.scratch),
            "PGHOST": self.host,
            "PGPORT": self.port,
            "PGUSER": "postgres",
            "PGDATABASE": self.database,
            "LD_LIBRARY_PATH": str(self.library.parent),
            "LD_PRELOAD": str(self.witness_so),
            "PQP_WITNESS": str(self.witness),
            "PQP_SCRATCH": str(self.scratch),
            "PQP_HOST": self.host,
            "PQP_PORT": self.port,
            **{k: str(v) for k, v in consumer.env(self).items()},
        }

    def admin(self, sql, database="postgres"):
        psql = setting("PQP_BIN18") + "/psql"
        subprocess.run(
            [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.host, "-p", self.port, "-U", "postgres", "-c", sql, database],
            env={"LD_LIBRARY_PATH": setting("PQP_REF_ROOT") + "/lib", "PATH": os.environ["PATH"]},
            check=True,
            stdin=subprocess.DEVNULL,
        )

    def run(self, consumer, out):
        """Gives (tests, complaints); the raw output stays in the directory out."""
        complaints = []
        environment = self.enter(consumer)
        log = out / f"{consumer.name}.{self.which}.log"
        started = time.monotonic()
        with open(log, "wb") as file:
            process = subprocess.Popen(
                consumer.command(self),
                env=environment,
                cwd=consumer.cwd() if consumer.cwd else self.scratch,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = self.wait(process, started + consumer.limit)
                if code is None:
                    complaints.append(f"did not end within {consumer.limit} s")
            finally:
                end(process)
                self.stop_servers()
        self.seconds = time.monotonic() - started
        text = log.read_text(errors="replace")
        if code is not None and code < 0:
            complaints.append(f"was killed by signal {-code}: {last_line(text)}")
        try:
            tests = consumer.read(text, self.scratch)
        except (OSError, ValueError, KeyError) as error:
            tests = []
            complaints.append(f"left no readable result ({error}): {last_line(text)}")
        complaints += self.testimony(consumer)
        shutil.rmtree(self.scratch, ignore_errors=True)
        return tests, complaints

    @staticmethod
    def wait(process, end_time):
        """The exit code, or None when it takes too long or somebody wants to stop."""
        while not STOP.is_set() and time.monotonic() < end_time:
            try:
                return process.wait(0.2)
            except subprocess.TimeoutExpired:
                pass
        return None

    def stop_servers(self):
        """Those that a consumer started by server.sh and did not live to stop."""
        for file in self.scratch.glob("*/data/postmaster.pid"):
            subprocess.run([HERE.parent / "setup" / "server.sh", "stop", file.parent.parent], check=False)

    def testimony(self, consumer):
        """What speaks against the consumer having run on this library and no other libpq."""
        complaints = []
        seen = set()
        for line in self.witness.read_text().splitlines():
            program, _, path = line.partition("\t")
            if not re.match(r"libpq(-\w+)?\.so", os.path.basename(path)):
                continue
            if path == str(self.library):
                seen.add(program)
            else:
                # a server process's name is gone: it has made its title of it
                complaints.append(f"{program or 'a server process'} had another libpq mapped: {path}")
        for program in consumer.witnesses:
            if not any(name.startswith(program) for name in seen):
                complaints.append(f"nothing shows that {program} had the library mapped")
        return sorted(set(complaints))


def difference(one, other):
    """The two around the place where they begin to differ."""
    at = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
    start = max(0, at - 40)
    return f"…{one[start : at + 60]}… / …{other[start : at + 60]}…"


def end(process):
    """Ends a consumer and whatever it left behind: the process group is its own."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def numbered(tests):
    """By name; a second test of the same name is NAME #2."""
    by_name = {}
    counts = {}
    for name, status, seen in tests:
        counts[name] = counts.get(name, 0) + 1
        by_name[name if counts[name] == 1 else f"{name} #{counts[name]}"] = (status, seen)
    return by_name


def compare(consumer, results):
    """One row of the table, and the lines of the machine-readable file."""
    reference, complaints_reference = results["reference"]
    ours, complaints_ours = results["ours"]
    reference, ours = numbered(reference), numbered(ours)
    rows, losses = [], []
    passed = 0
    for name in list(reference) + [n for n in ours if n not in reference]:
        status_r, seen_r = reference.get(name, ("missing", None))
        status_o, seen_o = ours.get(name, ("missing", None))
        verdict, detail = "same", ""
        if status_r == "ok" and status_o != "ok":
            verdict, detail = "LOSS", f"{status_o}: {seen_o or ''}"
        elif status_r == "ok" and seen_r is not None and seen_r != seen_o:
            verdict, detail = "LOSS", "differs: " + difference(seen_r, seen_o or "")
        elif status_r != status_o:
            verdict, detail = "gain", f"on the reference: {seen_r or ''}"
        elif status_r == "not ok":
            detail = f"{seen_r or ''} / {seen_o or ''}"
        if status_o == "ok" and verdict != "LOSS":
            passed += 1
        if verdict == "LOSS":
            losses.append((name, detail))
        rows.append((consumer.name, name, status_r, status_o, verdict, detail))
    said = []
    for which, complaints in (("reference", complaints_reference), ("ours", complaints_ours)):
        for complaint in complaints:
            said.append((f"({which})", complaint))
            rows.append((consumer.name, f"({which})", "", "", "LOSS", complaint))
    losses = said + losses
    count_reference = sum(1 for status, _ in reference.values() if status == "ok")
    total = sum(1 for status, _ in reference.values() if status != "skip")
    if count_reference == 0:
        losses.insert(0, ("(reference)", "no test passed: not set up"))
    return {
        "consumer": consumer,
        "total": total,
        "reference": count_reference,
        "ours": passed,
        "losses": losses,
        "rows": rows,
    }


def shorten(text, length):
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def count(row, which):
    return str(row[which]) if row[which] == row["total"] else f"{row[which]} of {row['total']}"


def markdown(rows):
    lines = ["| Consumer | passed on the reference | on ours | first failures |", "|---|---|---|---|"]
    for row in rows:
        first = "; ".join(shorten(f"`{name}`", 60) for name, _ in row["losses"][:3]).replace("|", "\\|")
        if len(row["losses"]) > 3:
            first += f"; {len(row['losses']) - 3} more"
        lines.append(f"| {row['consumer'].title} | {count(row, 'reference')} | {count(row, 'ours')} | {first or 'none'} |")
    return "\n".join(lines) + "\n"


def update_readme(table):
    readme = PROJECT / "README.md"
    text = readme.read_text()
    if BEGIN not in text or END not in text:
        sys.exit(f"interop: README.md has no lines {BEGIN} and {END}")
    head, rest = text.split(BEGIN, 1)
    readme.write_text(f"{head}{BEGIN}\n{table}{END}{rest.split(END, 1)[1]}")


def main():
    names = [c.name for c in CONSUMERS]
    arguments = sys.argv[1:]
    if arguments[:1] == ["--list"]:
        print("\n".join(f"{c.name:18} {c.title}" for c in CONSUMERS))
        return 0
    wanted = arguments[2:] if arguments[:1] == ["--run"] else arguments[1:]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        print(f"interop: no consumer {', '.join(unknown)}; there are: {' '.join(names)}", file=sys.stderr)
        return 2
    if arguments[:1] == ["--check"]:
        return 0
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: STOP.set())
    run = Path(arguments[1])
    out = Path(setting("PQP_INTEROP_OUT"))
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    print(f"{'consumer':18} {'reference':>12} {'ours':>12}  first failures", flush=True)
    for consumer in CONSUMERS:
        if wanted and consumer.name not in wanted:
            continue
        sides = {which: Side(which, run) for which in ("reference", "ours")}
        results = {}

        def work(which):
            try:
                results[which] = sides[which].run(consumer, out)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this row's answer
                sides[which].seconds = 0
                results[which] = ([], [f"could not be run: {error}"])

        threads = [threading.Thread(target=work, args=(which,)) for which in sides]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if STOP.is_set():
            return 130
        row = compare(consumer, results)
        rows.append(row)
        seconds = max(side.seconds for side in sides.values())
        print(f"{consumer.name:18} {count(row, 'reference'):>12} {count(row, 'ours'):>12}  ", end="")
        print(f"{'none' if not row['losses'] else str(len(row['losses'])) + ' lost'}  ({seconds:.0f} s)")
        for name, detail in row["losses"][:5]:
            print(f"    {shorten(name, 90)}\n        {shorten(detail, 220)}")
        sys.stdout.flush()
    with open(out / "results.tsv", "w") as file:
        file.write("consumer\ttest\treference\tours\tverdict\tdetail\n")
        for row in rows:
            for line in row["rows"]:
                file.write("\t".join(" ".join(str(field).split()) for field in line) + "\n")
    table = markdown(rows)
    (out / "table.md").write_text(table)
    if os.environ.get("UPDATE_README") and not wanted:
        update_readme(table)
    lost = sum(len(row["losses"]) for row in rows)
    print(f"interop: {len(rows)} consumers, {sum(r['ours'] for r in rows)} tests as on the reference, {lost} lost")
    print(f"interop: every test is in {out}/results.tsv, what was printed beside it")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
