/*
 * Fetches N rows of four text columns by PQexec and reads every field.
 *
 *   rows CONNINFO N
 *
 * Prints the number of rows and a checksum, so that two libraries can be held against each other.
 */
#include <stdio.h>
#include <stdlib.h>

#include <libpq-fe.h>

int
main(int argc, char **argv)
{
	char		query[256];
	PGconn	   *conn;
	PGresult   *res;
	unsigned long sum = 0;
	int			row,
				column;

	if (argc != 3)
		return 2;
	conn = PQconnectdb(argv[1]);
	if (PQstatus(conn) != CONNECTION_OK)
	{
		fputs(PQerrorMessage(conn), stderr);
		return 1;
	}
	snprintf(query, sizeof query,
			 "select g, g*2, 'name'||g, md5(g::text) from generate_series(1,%d) g", atoi(argv[2]));
	res = PQexec(conn, query);
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
	{
		fputs(PQerrorMessage(conn), stderr);
		return 1;
	}
	for (row = 0; row < PQntuples(res); row++)
		for (column = 0; column < PQnfields(res); column++)
		{
			const char *value = PQgetvalue(res, row, column);

			sum = sum * 31 + (unsigned long) PQgetlength(res, row, column) + (unsigned char) value[0];
		}
	printf("%d rows, checksum %lx\n", PQntuples(res), sum);
	PQclear(res);
	PQfinish(conn);
	return 0;
}
