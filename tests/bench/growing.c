/*
 * What is measured at sizes from small to very large. The comments in the queries ask canned.c to
 * repeat its rows, so that a row is the same at every size.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

/* What the repeated part is made of. */
#define PATTERN 1000

/* The bytes that the rows took on the wire: DataRow has 7 beside its fields, a field 4. */
static long
wire_size(const PGresult *res)
{
	long		rows = PQntuples(res),
				columns = PQnfields(res),
				size = 0;
	int			row,
				column;

	for (row = 0; row < rows; row++)
		for (column = 0; column < columns; column++)
			size += PQgetlength(res, row, column);
	return size + rows * 7 + rows * columns * 4;
}

static void
fetch_and_read(const char *conninfo, const char *query)
{
	PGconn	   *conn = connected(conninfo);
	PGresult   *res;
	int			row,
				column;

	region_begin();
	res = expect(conn, PQexec(conn, query), PGRES_TUPLES_OK);
	for (row = 0; row < PQntuples(res); row++)
		for (column = 0; column < PQnfields(res); column++)
			seen((unsigned long) PQgetlength(res, row, column) + (unsigned char) PQgetvalue(res, row, column)[0]);
	region_end();
	if (getenv("BENCH_SIZES") != NULL)
		printf("{\"wire\": %ld, \"fields\": %ld}\n", wire_size(res), (long) PQntuples(res) * PQnfields(res));
	PQclear(res);
	PQfinish(conn);
}

/* How often the pattern is repeated, and how many rows are in it. */
static long
times(long n, long *pattern)
{
	*pattern = n < PATTERN ? n : PATTERN;
	return n / *pattern;
}

static void
many_rows(const char *conninfo, long n)
{
	char		query[256];
	long		pattern,
				repeats = times(n, &pattern);

	snprintf(query, sizeof query,
			 "select 100000+g, 200000+g, 'name'||(1000+g), md5(g::text) from generate_series(1,%ld) g /*x%ld*/",
			 pattern, repeats);
	fetch_and_read(conninfo, query);
}

/* n rows of `extra` columns. */
static void
columns(const char *conninfo, long n)
{
	static char query[65536];
	size_t		length = (size_t) sprintf(query, "select ");
	long		column,
				pattern = n < 10 ? n : 10;

	for (column = 0; column < extra && length < sizeof query - 128; column++)
		length += (size_t) sprintf(query + length, "%s'abcdefgh'", column ? "," : "");
	sprintf(query + length, " from generate_series(1,%ld) g /*x%ld*/", pattern, n / pattern);
	fetch_and_read(conninfo, query);
}

/* One value of n bytes. */
static void
value(const char *conninfo, long n)
{
	char		query[256];

	snprintf(query, sizeof query, "select 'x' /*value %ld*/", n);
	fetch_and_read(conninfo, query);
}

static void
much_copied_out(const char *conninfo, long n)
{
	char		query[256];
	long		pattern,
				repeats = times(n, &pattern);
	PGconn	   *conn = connected(conninfo);
	char	   *line;
	int			length;

	snprintf(query, sizeof query,
			 "copy (select 100000+g, 'name'||(1000+g), md5(g::text) from generate_series(1,%ld) g) to stdout /*x%ld*/",
			 pattern, repeats);
	region_begin();
	PQclear(expect(conn, PQexec(conn, query), PGRES_COPY_OUT));
	while ((length = PQgetCopyData(conn, &line, 0)) > 0)
	{
		seen((unsigned long) length + (unsigned char) line[0]);
		PQfreemem(line);
	}
	PQclear(expect(conn, PQgetResult(conn), PGRES_COMMAND_OK));
	region_end();
	PQfinish(conn);
}

const workload growth_workloads[] = {
	{"many_rows", many_rows},
	{"columns", columns},
	{"value", value},
	{"much_copied_out", much_copied_out},
	{NULL, NULL},
};
