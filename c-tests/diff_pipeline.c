/* Pipeline mode. */
/* covers: 192 193 194 195 196 197 198 199 200 201 202 203 204 */
#include "helpers.h"

static int
query(PGconn *conn, const char *sql)
{
	return PQsendQueryParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0);
}

/* All results until nothing is queued: a sync has no NULL behind it, two NULLs in a row end it. */
static void
all(PGconn *conn)
{
	int			nulls = 0;
	int			i;

	for (i = 0; i < 100 && nulls < 2; i++)
	{
		PGresult   *res = PQgetResult(conn);

		printf(" [%d]", PQpipelineStatus(conn));
		show_result(res);
		nulls = res == NULL ? nulls + 1 : 0;
		PQclear(res);
	}
	ERR(conn);
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	PGresult   *res;
	int			i;

	CASE("entering and leaving");
	INT(PQpipelineStatus(conn));
	INT(PQexitPipelineMode(conn));
	INT(PQpipelineSync(conn));
	ERR(conn);
	INT(PQsendPipelineSync(conn));
	ERR(conn);
	INT(PQenterPipelineMode(conn));
	INT(PQenterPipelineMode(conn));
	show_state(conn);
	INT(PQexitPipelineMode(conn));
	INT(PQsendQuery(conn, "SELECT 1"));
	INT(PQenterPipelineMode(conn));
	ERR(conn);
	drain(conn);
	CASE("normal");
	INT(PQenterPipelineMode(conn));
	INT(query(conn, "SELECT 1 AS a"));
	INT(query(conn, "CREATE TEMP TABLE p (a int)"));
	INT(PQsendPrepare(conn, "s", "INSERT INTO p VALUES ($1) RETURNING a", 0, NULL));
	{
		const char *value = "5";

		INT(PQsendQueryPrepared(conn, "s", 1, &value, NULL, NULL, 0));
	}
	INT(PQsendDescribePrepared(conn, "s"));
	INT(PQsendClosePrepared(conn, "s"));
	INT(PQpipelineSync(conn));
	INT(query(conn, ""));
	INT(PQpipelineSync(conn));
	INT(PQpipelineSync(conn));
	show_state(conn);
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	all(conn);
	INT(PQexitPipelineMode(conn));
	CASE("an error aborts up to the sync");
	INT(PQenterPipelineMode(conn));
	INT(query(conn, "SELECT 1"));
	INT(query(conn, "SELECT 1/0"));
	INT(query(conn, "SELECT 2"));
	INT(PQsendPrepare(conn, "n", "SELECT 3", 0, NULL));
	INT(PQpipelineSync(conn));
	INT(query(conn, "SELECT 4"));
	INT(query(conn, "SELECT no_column"));
	INT(PQpipelineSync(conn));
	INT(query(conn, "SELECT 5"));
	INT(PQsendPipelineSync(conn));
	all(conn);
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	CASE("a failing statement: text and state");
	INT(PQenterPipelineMode(conn));
	INT(query(conn, "SELECT x\nFROM nowhere"));
	INT(query(conn, "SELECT 2"));
	INT(PQpipelineSync(conn));
	RES(PQgetResult(conn));
	INT(PQpipelineStatus(conn));
	RES(PQgetResult(conn));
	INT(query(conn, "SELECT 3"));
	INT(PQpipelineSync(conn));
	all(conn);
	INT(PQexitPipelineMode(conn));
	CASE("flush requests");
	INT(PQsendFlushRequest(conn));
	INT(PQflush(conn));
	INT(PQenterPipelineMode(conn));
	INT(query(conn, "SELECT 'flushed'"));
	INT(PQsendFlushRequest(conn));
	INT(PQflush(conn));
	RES(PQgetResult(conn));
	RES(PQgetResult(conn));
	RES(PQgetResult(conn));
	INT(PQexitPipelineMode(conn));
	INT(PQenterPipelineMode(conn));
	INT(query(conn, "SELECT 'again'"));
	INT(PQpipelineSync(conn));
	all(conn);
	CASE("leaving too early");
	INT(query(conn, "SELECT 1"));
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	INT(PQpipelineSync(conn));
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	RES(PQgetResult(conn));
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	RES(PQgetResult(conn));
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	RES(PQgetResult(conn));
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	CASE("not allowed");
	INT(PQenterPipelineMode(conn));
	INT(PQsendQuery(conn, "SELECT 1"));
	ERR(conn);
	RES(PQexec(conn, "SELECT 1"));
	ERR(conn);
	RES(PQexecParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0));
	ERR(conn);
	RES(PQprepare(conn, "x", "SELECT 1", 0, NULL));
	RES(PQexecPrepared(conn, "x", 0, NULL, NULL, NULL, 0));
	RES(PQdescribePrepared(conn, "x"));
	RES(PQclosePrepared(conn, "x"));
	ERR(conn);
	{
		int			out,
					length;

		RES(PQfn(conn, 1, &out, &length, 1, NULL, 0));
		ERR(conn);
	}
	INT(PQsetClientEncoding(conn, "LATIN1"));
	ERR(conn);
	INT(PQputCopyData(conn, "x", 1));
	INT(PQputCopyEnd(conn, NULL));
	ERR(conn);
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	CASE("COPY in a pipeline");
	INT(PQenterPipelineMode(conn));
	INT(query(conn, "COPY (SELECT 1) TO STDOUT"));
	INT(PQpipelineSync(conn));
	res = PQgetResult(conn);
	show_result(res);
	PQclear(res);
	INT(query(conn, "SELECT 1"));
	ERR(conn);
	INT(PQpipelineSync(conn));
	ERR(conn);
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	{
		char	   *buffer;
		int			n;

		while ((n = PQgetCopyData(conn, &buffer, 0)) > 0)
		{
			show_bytes(buffer, (size_t) n);
			PQfreemem(buffer);
		}
		INT(n);
	}
	all(conn);
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	CASE("a transaction over a pipeline");
	INT(PQenterPipelineMode(conn));
	INT(query(conn, "BEGIN"));
	INT(query(conn, "INSERT INTO p VALUES (9)"));
	INT(query(conn, "SELECT 1/0"));
	INT(PQpipelineSync(conn));
	INT(query(conn, "SELECT 1"));
	INT(PQpipelineSync(conn));
	INT(query(conn, "ROLLBACK"));
	INT(PQpipelineSync(conn));
	all(conn);
	INT(PQtransactionStatus(conn));
	INT(PQexitPipelineMode(conn));
	INT(PQtransactionStatus(conn));
	CASE("many commands, non-blocking");
	INT(PQsetnonblocking(conn, 1));
	INT(PQenterPipelineMode(conn));
	for (i = 0; i < 2000; i++)
		if (!query(conn, "SELECT repeat('x', 500)"))
			printf("%d refused\n", i);
	INT(PQpipelineSync(conn));
	{
		int			rows = 0,
					syncs = 0,
					nulls = 0;

		while (syncs == 0)
		{
			res = PQgetResult(conn);
			if (res == NULL)
				nulls++;
			else if (PQresultStatus(res) == PGRES_PIPELINE_SYNC)
				syncs++;
			else
				rows += PQgetlength(res, 0, 0) == 500;
			PQclear(res);
		}
		INT(rows);
		INT(nulls);
	}
	INT(PQexitPipelineMode(conn));
	INT(PQsetnonblocking(conn, 0));
	CASE("the connection is lost");
	INT(PQenterPipelineMode(conn));
	INT(query(conn, "SELECT 1"));
	INT(query(conn, "SELECT pg_terminate_backend(pg_backend_pid())"));
	INT(query(conn, "SELECT 2"));
	INT(PQpipelineSync(conn));
	all(conn);
	show_state(conn);
	INT(PQpipelineStatus(conn));
	INT(query(conn, "SELECT 2"));
	ERR(conn);
	INT(PQpipelineSync(conn));
	ERR(conn);
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	INT(PQenterPipelineMode(conn));
	ERR(conn);
	PQfinish(conn);
	return 0;
}
