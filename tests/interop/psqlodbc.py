"""psqlodbc: isql on a data source, then the C program psqlodbc.c (already compiled)."""

import glob
import os
import subprocess
from pathlib import Path

from tap import report, shown

SCRATCH = Path(os.environ["PQP_SCRATCH"])
HOST, PORT, DATABASE = os.environ["PQP_HOST"], os.environ["PQP_PORT"], os.environ["PGDATABASE"]

drivers = glob.glob("/usr/lib/*/odbc/psqlodbcw.so")
(SCRATCH / "odbcinst.ini").write_text(f"[PostgreSQL Unicode]\nDriver = {drivers[0]}\n")
(SCRATCH / "odbc.ini").write_text(
    f"[interop]\nDriver = PostgreSQL Unicode\nServername = {HOST}\nPort = {PORT}\nDatabase = {DATABASE}\nUsername = postgres\n"
)
os.environ["ODBCSYSINI"] = str(SCRATCH)
os.environ["ODBCINI"] = str(SCRATCH / "odbc.ini")


def isql(*commands, source="interop", options=("-b", "-v", "-dx|")):
    run = subprocess.run(
        ["/usr/bin/isql", source, "postgres", "", *options],
        input="".join(c + "\n" for c in commands),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return [run.returncode, (run.stdout + run.stderr).replace(HOST, "HOST").replace(PORT, "PORT")]


for name, commands in {
    "isql values": ["select 1, 'it''s', null, 2.5, true"],
    "isql table": [
        "create table odbc (a int, b text)",
        "insert into odbc values (1, 'one'), (2, null)",
        "select * from odbc order by a",
        "update odbc set b = 'x'",
        "drop table odbc",
    ],
    # the driver looks for this type when it connects: a column of it holds large objects
    "isql domain": ["create domain lo as oid"],
    "isql errors": ["select * from nowhere", "select 1/0", "select 7"],
    "isql help": ["create table helped (a int, b text)", "help helped", "drop table helped"],
    "isql many rows": ["select g, g * g from generate_series(1, 2000) g"],
}.items():
    report(name, lambda: isql(*commands))
report("isql no such source", lambda: isql("select 1", source="absent"))

program = subprocess.run(
    [os.environ["PQP_ODBC_PROGRAM"], f"Driver=PostgreSQL Unicode;Servername={HOST};Port={PORT};Database={DATABASE};Username=postgres"],
    stdout=subprocess.PIPE,
    text=True,
    errors="replace",
    timeout=120,
)
# its own "done" at the end says that it came through
print(program.stdout, end="")
if program.returncode:
    print(f"not ok - exit code of psqlodbc\t{shown(program.returncode)}")
