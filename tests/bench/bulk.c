/*
 * Many values or rows a call, with ours; with a library that has no such calls, what a program must do
 * in their stead. An operation is one row.
 */
#include <string.h>

#include "bench.h"
#include "libpq-porcelain.h"
#include "texts.h"

#pragma weak pqp_result_values
#pragma weak pqp_result_column
#pragma weak pqp_copy_rows
#pragma weak pqp_put_copy_pieces

/* So many rows a call. */
#define ROWS 256

/* What is seen of a value, NULL or not, is what the other workloads see of it. */
static inline void
see(const char *value, int length)
{
	seen(value != NULL ? (unsigned long) length + (unsigned char) value[0] : 0);
}

static PGresult *
narrow(PGconn *conn, long n)
{
	char		query[TEXT_SIZE];

	narrow_text(query, n);
	return expect(conn, PQexec(conn, query), PGRES_TUPLES_OK);
}

static void
rows_by_values(const char *conninfo, long n)
{
	const char *values[ROWS * 4];
	int			lengths[ROWS * 4];
	PGconn	   *conn;
	PGresult   *res;
	int			row,
				rows,
				i;

	if (pqp_result_values == NULL)
	{
		perform("rows", conninfo, n);
		return;
	}
	conn = connected(conninfo);
	region_begin();
	res = narrow(conn, n);
	for (row = 0; row < PQntuples(res); row += rows)
	{
		rows = PQntuples(res) - row < ROWS ? PQntuples(res) - row : ROWS;
		if (pqp_result_values(res, row, rows, 0, 4, values, lengths, NULL) != PQP_OK)
			give_up(conn, "values");
		for (i = 0; i < rows * 4; i++)
			see(values[i], lengths[i]);
	}
	region_end();
	PQclear(res);
	PQfinish(conn);
}

static void
columns_one_by_one(const PGresult *res)
{
	int			column,
				row;

	for (column = 0; column < 4; column++)
		for (row = 0; row < PQntuples(res); row++)
			if (PQgetisnull(res, row, column))
				see(NULL, 0);
			else
				see(PQgetvalue(res, row, column), PQgetlength(res, row, column));
}

static void
columns_by_array(const PGresult *res)
{
	const char *values[ROWS];
	int			lengths[ROWS];
	char		nulls[ROWS];
	int			column,
				row,
				rows,
				i;

	for (column = 0; column < 4; column++)
		for (row = 0; row < PQntuples(res); row += rows)
		{
			rows = PQntuples(res) - row < ROWS ? PQntuples(res) - row : ROWS;
			pqp_result_column(res, column, row, rows, values, lengths, nulls);
			for (i = 0; i < rows; i++)
				see(nulls[i] ? NULL : values[i], lengths[i]);
		}
}

static void
rows_by_column(const char *conninfo, long n)
{
	PGconn	   *conn = connected(conninfo);
	PGresult   *res;

	region_begin();
	res = narrow(conn, n);
	if (pqp_result_column != NULL)
		columns_by_array(res);
	else
		columns_one_by_one(res);
	region_end();
	PQclear(res);
	PQfinish(conn);
}

static void
copy_out_by_rows(const char *conninfo, long n)
{
	char		query[TEXT_SIZE];
	const char *rows[ROWS];
	int			lengths[ROWS];
	int			count,
				i;
	PGconn	   *conn;

	if (pqp_copy_rows == NULL)
	{
		perform("copy_out", conninfo, n);
		return;
	}
	conn = connected(conninfo);
	copy_out_text(query, n);
	region_begin();
	PQclear(expect(conn, PQexec(conn, query), PGRES_COPY_OUT));
	while ((count = pqp_copy_rows(conn, ROWS, rows, lengths, 0)) > 0)
		for (i = 0; i < count; i++)
			see(rows[i], lengths[i]);
	if (count != -1)
		give_up(conn, "COPY out");
	PQclear(expect(conn, PQgetResult(conn), PGRES_COMMAND_OK));
	region_end();
	PQfinish(conn);
}

static void
copy_in_by_pieces(const char *conninfo, long n)
{
	const char *pieces[ROWS];
	int			lengths[ROWS];
	int			i;
	long		done,
				count;
	PGconn	   *conn;

	if (pqp_put_copy_pieces == NULL)
	{
		perform("copy_in", conninfo, n);
		return;
	}
	conn = copying_in(conninfo);
	for (i = 0; i < ROWS; i++)
	{
		pieces[i] = copy_in_row;
		lengths[i] = (int) strlen(copy_in_row);
	}
	region_begin();
	for (done = 0; done < n; done += count)
	{
		count = n - done < ROWS ? n - done : ROWS;
		if (pqp_put_copy_pieces(conn, (int) count, pieces, lengths) != count)
			give_up(conn, "COPY in");
	}
	copied_in(conn);
	region_end();
	PQfinish(conn);
}

const workload bulk_workloads[] = {
	{"rows_by_values", rows_by_values},
	{"rows_by_column", rows_by_column},
	{"copy_out_by_rows", copy_out_by_rows},
	{"copy_in_by_pieces", copy_in_by_pieces},
	{NULL, NULL},
};
