/* Single-row and chunked mode. */
/* covers: 184 185 186 187 188 189 190 191 */
#include "helpers.h"

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	int			size;
	const char *queries[] = {"SELECT i, 'x' || i FROM generate_series(1,3) i", "SELECT 1 WHERE false",
		"SELECT 1; SELECT 2 FROM generate_series(1,2); SELECT 3 WHERE false", "SELECT 5 / (2 - i) FROM generate_series(0,5) i",
	"CREATE TEMP TABLE r (a int)", "INSERT INTO r VALUES (1),(2) RETURNING a", "", "SELECT FROM generate_series(1,2)"};
	size_t		i;

	for (i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
	{
		CASE(queries[i]);
		must(conn, "DROP TABLE IF EXISTS r");
		if (strstr(queries[i], "INTO r") != NULL)
			must(conn, "CREATE TEMP TABLE r (a int)");
		INT(PQsendQuery(conn, queries[i]));
		INT(PQsetSingleRowMode(conn));
		INT(PQsetSingleRowMode(conn));
		drain(conn);
		INT(PQsetSingleRowMode(conn));
	}
	for (size = 1; size <= 4; size++)
	{
		printf("== chunks of %d\n", size);
		for (i = 0; i < 4; i++)
		{
			INT(PQsendQuery(conn, queries[i]));
			INT(PQsetChunkedRowsMode(conn, size));
			drain(conn);
		}
		INT(PQsendQueryParams(conn, queries[0], 0, NULL, NULL, NULL, NULL, 1));
		INT(PQsetChunkedRowsMode(conn, size));
		drain(conn);
	}
	CASE("refused");
	INT(PQsetSingleRowMode(conn));
	INT(PQsetChunkedRowsMode(conn, 2));
	INT(PQsendQuery(conn, "SELECT 1; SELECT 2"));
	INT(PQsetChunkedRowsMode(conn, 0));
	INT(PQsetChunkedRowsMode(conn, -1));
	RES(PQgetResult(conn));
	INT(PQsetSingleRowMode(conn));
	drain(conn);
	INT(PQsendPrepare(conn, "p", "SELECT 1", 0, NULL));
	INT(PQsetSingleRowMode(conn));
	drain(conn);
	INT(PQsendDescribePrepared(conn, "p"));
	INT(PQsetSingleRowMode(conn));
	drain(conn);
	INT(PQsendQueryPrepared(conn, "p", 0, NULL, NULL, NULL, 0));
	INT(PQsetSingleRowMode(conn));
	drain(conn);
	CASE("left before the end");
	INT(PQsendQuery(conn, "SELECT generate_series(1,1000)"));
	INT(PQsetSingleRowMode(conn));
	RES(PQgetResult(conn));
	RES(PQexec(conn, "SELECT 'next'"));
	CASE("many rows");
	INT(PQsendQuery(conn, "SELECT i, repeat('x', 1000) FROM generate_series(1,5000) i"));
	INT(PQsetSingleRowMode(conn));
	{
		PGresult   *res;
		int			count = 0;

		while ((res = PQgetResult(conn)) != NULL)
		{
			if (PQresultStatus(res) == PGRES_SINGLE_TUPLE)
			{
				count++;
				if (atoi(PQgetvalue(res, 0, 0)) != count || PQgetlength(res, 0, 1) != 1000)
					printf("row %d is wrong\n", count);
			}
			else
				show_result(res);
			PQclear(res);
		}
		INT(count);
	}
	CASE("COPY");
	INT(PQsendQuery(conn, "COPY (SELECT 1) TO STDOUT"));
	INT(PQsetSingleRowMode(conn));
	drain(conn);
	RES(PQexec(conn, "SELECT 1"));
	CASE("in a pipeline");
	INT(PQenterPipelineMode(conn));
	for (i = 0; i < 3; i++)
		INT(PQsendQueryParams(conn, "SELECT generate_series(1,3)", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQpipelineSync(conn));
	INT(PQsetSingleRowMode(conn));
	drain(conn);
	drain(conn);
	INT(PQsetChunkedRowsMode(conn, 2));
	drain(conn);
	drain(conn);
	RES(PQgetResult(conn));
	INT(PQexitPipelineMode(conn));
	PQfinish(conn);
	return 0;
}
