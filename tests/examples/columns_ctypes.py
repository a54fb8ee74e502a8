"""A result's columns as arrays, and COPY data as memory that is only looked at, with nothing but ctypes.

usage: columns_ctypes.py LIBPQ CONNINFO

The arrays are ctypes arrays, which offer the buffer protocol: numpy.frombuffer(lengths, dtype="i4") and the like look at them
without a copy.
"""
import ctypes
import sys

TUPLES_OK, COPY_OUT = 2, 3
SLICE = 1000

pq = ctypes.CDLL(sys.argv[1])
P, I = ctypes.c_void_p, ctypes.c_int
for name, result, *arguments in [
    ("PQconnectdb", P, ctypes.c_char_p),
    ("PQerrorMessage", ctypes.c_char_p, P),
    ("PQexec", P, P, ctypes.c_char_p),
    ("PQresultStatus", I, P),
    ("PQntuples", I, P),
    ("PQclear", None, P),
    ("PQfinish", None, P),
    ("pqp_result_column", I, P, I, I, I, P, P, P),
    ("pqp_copy_rows", I, P, I, P, P, I),
]:
    function = getattr(pq, name)
    function.restype, function.argtypes = result, arguments


def run(conn, query, wanted):
    result = pq.PQexec(conn, query)
    if pq.PQresultStatus(result) != wanted:
        sys.exit(pq.PQerrorMessage(conn).decode())
    return result


def column(result, number):
    """The values of a column, None for NULL: one call for a thousand of them."""
    places, lengths, nulls = (P * SLICE)(), (I * SLICE)(), (ctypes.c_char * SLICE)()
    for first in range(0, pq.PQntuples(result), SLICE):
        rows = min(SLICE, pq.PQntuples(result) - first)
        if pq.pqp_result_column(result, number, first, rows, places, lengths, nulls) != 0:
            sys.exit("no such column")
        for i in range(rows):
            yield None if nulls[i] != b"\0" else ctypes.string_at(places[i], lengths[i])


def copied_bytes(conn):
    """How many bytes a COPY gives, its rows looked at where they lie."""
    places, lengths = (P * SLICE)(), (I * SLICE)()
    rows = total = newlines = 0
    while (count := pq.pqp_copy_rows(conn, SLICE, places, lengths, 0)) > 0:
        rows += count
        total += sum(lengths[:count])
        # no copy: the last byte of each row, in the receive buffer
        newlines += sum(ctypes.c_char.from_address(places[i] + lengths[i] - 1).value == b"\n" for i in range(count))
    if count == -2:
        sys.exit(pq.PQerrorMessage(conn).decode())
    return rows, total, newlines


conn = pq.PQconnectdb(sys.argv[2].encode())
result = run(conn, b"select g, nullif(g % 3, 0) from generate_series(1, 2500) g", TUPLES_OK)
print("the sum is", sum(int(value) for value in column(result, 0)))
print("nulls:", sum(value is None for value in column(result, 1)))
pq.PQclear(result)

pq.PQclear(run(conn, b"copy (select repeat('y', 9) from generate_series(1, 5000)) to stdout", COPY_OUT))
print("rows, bytes, newlines: %d, %d, %d" % copied_bytes(conn))
pq.PQfinish(conn)
