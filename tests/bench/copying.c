/*
 * COPY: an operation is one row out, one row in, or one block of 64 KB in.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "texts.h"

static void
out(const char *conninfo, const char *query)
{
	PGconn	   *conn = connected(conninfo);
	char	   *line;
	int			length;

	region_begin();
	PQclear(expect(conn, PQexec(conn, query), PGRES_COPY_OUT));
	while ((length = PQgetCopyData(conn, &line, 0)) > 0)
	{
		seen((unsigned long) length + (unsigned char) line[0]);
		PQfreemem(line);
	}
	if (length != -1)
		give_up(conn, "COPY out");
	PQclear(expect(conn, PQgetResult(conn), PGRES_COMMAND_OK));
	region_end();
	PQfinish(conn);
}

static void
copy_out(const char *conninfo, long n)
{
	char		query[TEXT_SIZE];

	copy_out_text(query, n);
	out(conninfo, query);
}

static void
copy_out_64k(const char *conninfo, long n)
{
	char		query[256];

	snprintf(query, sizeof query,
			 "copy (select repeat('x', 65535) from generate_series(1,%ld) g) to stdout", n);
	out(conninfo, query);
}

/*
 * Rows that the server passes over: it reads them, but stores nothing, so that the client has
 * something to do.
 */
PGconn *
copying_in(const char *conninfo)
{
	PGconn	   *conn = connected(conninfo);

	command(conn, "create temp table sink (a int, b text, c text)");
	PQclear(expect(conn, PQexec(conn, "copy sink from stdin where false"), PGRES_COPY_IN));
	return conn;
}

void
copied_in(PGconn *conn)
{
	PGresult   *res;

	if (PQputCopyEnd(conn, NULL) != 1)
		give_up(conn, "ending COPY");
	PQclear(expect(conn, PQgetResult(conn), PGRES_COMMAND_OK));
	while ((res = PQgetResult(conn)) != NULL)
		PQclear(res);
}

const char *const copy_in_row = "1000\tname1000\ta9b7ba70783b617e9998dc4dd82eb3c5\n";

static void
copy_in(const char *conninfo, long n)
{
	PGconn	   *conn = copying_in(conninfo);
	int			length = (int) strlen(copy_in_row);
	long		i;

	region_begin();
	for (i = 0; i < n; i++)
		if (PQputCopyData(conn, copy_in_row, length) != 1)
			give_up(conn, "COPY in");
	copied_in(conn);
	region_end();
	PQfinish(conn);
}

static void
copy_in_64k(const char *conninfo, long n)
{
	static char block[65536];
	PGconn	   *conn = copying_in(conninfo);
	size_t		length = strlen(copy_in_row),
				filled = 0;
	long		i;

	while (filled + length <= sizeof block)
	{
		memcpy(block + filled, copy_in_row, length);
		filled += length;
	}
	region_begin();
	for (i = 0; i < n; i++)
		if (PQputCopyData(conn, block, (int) filled) != 1)
			give_up(conn, "COPY in");
	copied_in(conn);
	region_end();
	PQfinish(conn);
}

const workload copy_workloads[] = {
	{"copy_out", copy_out},
	{"copy_out_64k", copy_out_64k},
	{"copy_in", copy_in},
	{"copy_in_64k", copy_in_64k},
	{NULL, NULL},
};
