/*
 * Results of many or large rows: an operation is one row, fetched and every field of it read.
 */
#include <poll.h>
#include <stdlib.h>

#include "bench.h"
#include "texts.h"

/* Since PostgreSQL 17. */
extern int	PQsetChunkedRowsMode(PGconn *conn, int chunkSize) __attribute__((weak));

static void
read_all(const PGresult *res)
{
	int			rows = PQntuples(res),
				columns = PQnfields(res),
				row,
				column;

	for (row = 0; row < rows; row++)
		for (column = 0; column < columns; column++)
		{
			const char *value = PQgetvalue(res, row, column);

			seen((unsigned long) PQgetlength(res, row, column) + (unsigned char) value[0]);
		}
}

/* All rows in one result. The region ends while it is still there: its memory is part of it. */
static void
whole(const char *conninfo, const char *query, int binary)
{
	PGconn	   *conn = connected(conninfo);
	PGresult   *res;

	region_begin();
	res = binary ? PQexecParams(conn, query, 0, NULL, NULL, NULL, NULL, 1) : PQexec(conn, query);
	expect(conn, res, PGRES_TUPLES_OK);
	read_all(res);
	region_end();
	PQclear(res);
	PQfinish(conn);
}

static void
narrow_rows(const char *conninfo, long n, int binary)
{
	char		query[TEXT_SIZE];

	narrow_text(query, n);
	whole(conninfo, query, binary);
}

static void
rows(const char *conninfo, long n)
{
	narrow_rows(conninfo, n, 0);
}

static void
rows_binary(const char *conninfo, long n)
{
	narrow_rows(conninfo, n, 1);
}

/* The same rows, fetched and not read. */
static void
rows_unread(const char *conninfo, long n)
{
	char		query[TEXT_SIZE];
	PGconn	   *conn = connected(conninfo);

	narrow_text(query, n);
	region_begin();
	PQclear(expect(conn, PQexec(conn, query), PGRES_TUPLES_OK));
	region_end();
	PQfinish(conn);
}

static void
in_parts(const char *conninfo, long n, int chunk)
{
	char		query[TEXT_SIZE];
	PGconn	   *conn = connected(conninfo);
	PGresult   *res;

	narrow_text(query, n);
	region_begin();
	if (!PQsendQuery(conn, query))
		give_up(conn, "sending");
	if (!(chunk > 0 ? PQsetChunkedRowsMode(conn, chunk) : PQsetSingleRowMode(conn)))
		give_up(conn, "setting the mode");
	while ((res = PQgetResult(conn)) != NULL)
	{
		if (PQresultStatus(res) == PGRES_FATAL_ERROR)
			give_up(conn, "rows");
		read_all(res);
		PQclear(res);
	}
	region_end();
	PQfinish(conn);
}

static void
rows_single(const char *conninfo, long n)
{
	in_parts(conninfo, n, 0);
}

static void
rows_chunked(const char *conninfo, long n)
{
	if (PQsetChunkedRowsMode == NULL)
		not_in_this_library("PQsetChunkedRowsMode");
	in_parts(conninfo, n, 1000);
}

/* As an event loop takes them in. */
static void
rows_async(const char *conninfo, long n)
{
	char		query[TEXT_SIZE];
	PGconn	   *conn = connected(conninfo);
	PGresult   *res;
	struct pollfd p = {PQsocket(conn), POLLIN, 0};

	if (PQsetnonblocking(conn, 1) != 0)
		give_up(conn, "setting non-blocking");
	narrow_text(query, n);
	region_begin();
	if (!PQsendQuery(conn, query))
		give_up(conn, "sending");
	for (;;)
	{
		while (PQisBusy(conn))
		{
			poll(&p, 1, -1);
			if (!PQconsumeInput(conn))
				give_up(conn, "taking in");
		}
		res = PQgetResult(conn);
		if (res == NULL)
			break;
		read_all(expect(conn, res, PGRES_TUPLES_OK));
		PQclear(res);
	}
	region_end();
	PQfinish(conn);
}

static void
wide(const char *conninfo, long n)
{
	char		query[TEXT_SIZE];

	wide_text(query, n);
	whole(conninfo, query, 0);
}

static void
large(const char *conninfo, long n)
{
	char		query[TEXT_SIZE];

	large_text(query, n);
	whole(conninfo, query, 0);
}

const workload row_workloads[] = {
	{"rows", rows},
	{"rows_unread", rows_unread},
	{"rows_binary", rows_binary},
	{"rows_single", rows_single},
	{"rows_chunked", rows_chunked},
	{"rows_async", rows_async},
	{"wide", wide},
	{"large", large},
	{NULL, NULL},
};
