/*
 * Many values and rows a call, none of them copied on the way: a column of a result as arrays, and a table
 * that goes from one connection to another as it comes.
 *
 * usage: bulk CONNINFO
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libpq-fe.h"
#include "libpq-porcelain.h"

/* So many at a time: the arrays stay in the processor's cache. */
#define SLICE 256

static void
need(int is_so, PGconn *conn, const char *doing)
{
	if (is_so)
		return;
	fprintf(stderr, "%s: %s", doing, PQerrorMessage(conn));
	exit(1);
}

static PGconn *
connected(const char *conninfo)
{
	PGconn	   *conn = PQconnectdb(conninfo);

	need(PQstatus(conn) == CONNECTION_OK, conn, "connecting");
	return conn;
}

static void
run(PGconn *conn, const char *query, ExecStatusType wanted)
{
	PGresult   *res = PQexec(conn, query);

	need(PQresultStatus(res) == wanted, conn, query);
	PQclear(res);
}

/* After a COPY: how it has ended. */
static void
ended(PGconn *conn)
{
	PGresult   *res = PQgetResult(conn);

	need(PQresultStatus(res) == PGRES_COMMAND_OK, conn, "COPY");
	PQclear(res);
	PQclear(PQgetResult(conn));
}

/* How much text a column holds, and how many NULLs. */
static void
look_at_column(const PGresult *res, int column, long *bytes, long *nulls)
{
	int			lengths[SLICE];
	char		is_null[SLICE];
	int			first,
				rows,
				i;

	*bytes = *nulls = 0;
	for (first = 0; first < PQntuples(res); first += rows)
	{
		rows = PQntuples(res) - first < SLICE ? PQntuples(res) - first : SLICE;
		/* The values themselves are not wanted here, so no array for them. */
		if (pqp_result_column(res, column, first, rows, NULL, lengths, is_null) != PQP_OK)
			exit(1);
		for (i = 0; i < rows; i++)
		{
			*bytes += is_null[i] ? 0 : lengths[i];
			*nulls += is_null[i];
		}
	}
}

/* The longest value of a rectangle: here of all columns, row after row. */
static const char *
longest(const PGresult *res)
{
	const char *values[SLICE];
	int			lengths[SLICE];
	const char *found = "";
	int			columns = PQnfields(res),
				most = 0,
				row,
				i;

	for (row = 0; row < PQntuples(res); row++)
	{
		if (pqp_result_values(res, row, 1, 0, columns, values, lengths, NULL) != PQP_OK)
			exit(1);
		for (i = 0; i < columns; i++)
			if (lengths[i] > most)
			{
				most = lengths[i];
				/* with a NUL behind it, and there until PQclear */
				found = values[i];
			}
	}
	return found;
}

/* The rows lie where they were received, and go from there into the other connection. */
static long
pass_on(PGconn *from, PGconn *to)
{
	const char *rows[SLICE];
	int			lengths[SLICE];
	int			count;
	long		passed = 0;

	while ((count = pqp_copy_rows(from, SLICE, rows, lengths, 0)) > 0)
	{
		need(pqp_put_copy_pieces(to, count, rows, lengths) == count, to, "sending rows");
		passed += count;
	}
	need(count == -1, from, "receiving rows");
	need(PQputCopyEnd(to, NULL) == 1, to, "ending COPY");
	ended(from);
	ended(to);
	return passed;
}

/* A row of pieces that lie apart: nobody has to put them together. */
static void
send_in_pieces(PGconn *conn)
{
	char		key[16];
	static char body[20000];
	const char *pieces[] = {key, "\t", body, "\n"};
	int			lengths[] = {0, 1, sizeof body, 1};
	int			i;

	memset(body, 'b', sizeof body);
	run(conn, "copy target from stdin", PGRES_COPY_IN);
	for (i = 1; i <= 3; i++)
	{
		lengths[0] = snprintf(key, sizeof key, "%d", -i);
		need(pqp_put_copy_pieces(conn, 4, pieces, lengths) == 4, conn, "sending pieces");
	}
	need(PQputCopyEnd(conn, NULL) == 1, conn, "ending COPY");
	ended(conn);
}

int
main(int argc, char **argv)
{
	PGconn	   *source,
			   *target;
	PGresult   *res;
	long		bytes,
				nulls;

	if (argc != 2)
	{
		fputs("usage: bulk CONNINFO\n", stderr);
		return 2;
	}
	source = connected(argv[1]);
	target = connected(argv[1]);

	res = PQexec(source, "select g, case when g % 10 > 0 then repeat('x', g % 100) end from generate_series(1, 10000) g");
	need(PQresultStatus(res) == PGRES_TUPLES_OK, source, "querying");
	look_at_column(res, 1, &bytes, &nulls);
	printf("column 1: %ld bytes, %ld nulls\n", bytes, nulls);
	printf("the longest value has %zu bytes\n", strlen(longest(res)));
	PQclear(res);

	run(target, "create temp table target (key int, body text)", PGRES_COMMAND_OK);
	run(source, "copy (select g, md5(g::text) from generate_series(1, 100000) g) to stdout", PGRES_COPY_OUT);
	run(target, "copy target from stdin", PGRES_COPY_IN);
	printf("passed on: %ld rows\n", pass_on(source, target));
	send_in_pieces(target);

	res = PQexec(target, "select count(*), sum(length(body)) from target");
	need(PQresultStatus(res) == PGRES_TUPLES_OK, target, "counting");
	printf("in the target: %s rows, %s bytes\n", PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1));
	PQclear(res);
	PQfinish(source);
	PQfinish(target);
	return 0;
}
