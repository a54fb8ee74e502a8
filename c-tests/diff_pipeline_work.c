/*
 * Pipelines at work, as drivers use them, each with the lines that PQtrace writes of it: inserts in a row, several
 * synchronization points, none at all, statements that are prepared, described and closed, rows one by one and in
 * chunks, a violation in the middle of many commands, a cancel request.
 */
/* covers: 186 188 192 195 196 197 198 199 200 201 279 */
#include "helpers.h"

static FILE *lines;

static PGconn *
begin_traced(const char *conninfo)
{
	PGconn	   *conn = must_connect(conninfo);

	must(conn, "CREATE TEMP TABLE t (a int PRIMARY KEY, b text)");
	lines = tmpfile();
	if (lines == NULL)
		die("tmpfile");
	PQtrace(conn, lines);
	PQsetTraceFlags(conn, PQTRACE_SUPPRESS_TIMESTAMPS | PQTRACE_REGRESS_MODE);
	return conn;
}

static void
end_traced(PGconn *conn)
{
	int			c;

	PQuntrace(conn);
	printf("  trace:\n");
	rewind(lines);
	while ((c = getc(lines)) != EOF)
		putchar(c);
	fclose(lines);
	PQfinish(conn);
}

/* One result that must be there, or the NULL between two commands. */
#define NEXT(conn) do { PGresult *r_ = PQgetResult(conn); printf(" next: "); \
	if (r_ == NULL) printf("NULL\n"); else { putchar('\n'); show_result(r_); } PQclear(r_); } while (0)

static int
insert(PGconn *conn, int key, const char *text)
{
	char		number[16];
	const char *values[2] = {number, text};

	snprintf(number, sizeof(number), "%d", key);
	return PQsendQueryPrepared(conn, "ins", 2, values, NULL, NULL, 0);
}

static void
inserts(const char *conninfo)
{
	PGconn	   *conn;
	int			i;

	CASE("inserts in a transaction");
	conn = begin_traced(conninfo);
	INT(PQenterPipelineMode(conn));
	INT(PQsendQueryParams(conn, "BEGIN", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQsendPrepare(conn, "ins", "INSERT INTO t VALUES ($1::int, $2)", 0, NULL));
	for (i = 0; i < 4; i++)
		INT(insert(conn, i, "row"));
	INT(PQsendQueryParams(conn, "COMMIT", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQpipelineSync(conn));
	for (i = 0; i < 15; i++)
		NEXT(conn);
	INT(PQtransactionStatus(conn));
	INT(PQexitPipelineMode(conn));
	RES(PQexec(conn, "SELECT count(*) FROM t"));
	end_traced(conn);

	CASE("many inserts, read while they are sent, one of them twice");
	conn = must_connect(conninfo);
	must(conn, "CREATE TABLE work (a int PRIMARY KEY, b text)");
	must(conn, "PREPARE ins (int, text) AS INSERT INTO work VALUES ($1, $2)");
	INT(PQsetnonblocking(conn, 1));
	INT(PQenterPipelineMode(conn));
	INT(PQsendQueryParams(conn, "BEGIN", 0, NULL, NULL, NULL, NULL, 0));
	{
		int			counts[32] = {0};
		int			sent = 0;
		bool		synced = false;
		bool		idle = false;
		bool		done = false;
		char		long_text[300];

		memset(long_text, 'x', sizeof(long_text) - 1);
		long_text[sizeof(long_text) - 1] = '\0';
		while (!done)
		{
			struct pollfd p = {.fd = PQsocket(conn),.events = POLLIN};

			for (i = 0; i < 100 && sent < 3000; i++, sent++)
				if (insert(conn, sent == 2000 ? 1000 : sent, long_text) != 1)
					die("insert");
			if (sent == 3000 && !synced)
				synced = PQpipelineSync(conn) == 1;
			if (PQflush(conn) > 0 || sent < 3000)
				p.events |= POLLOUT;
			if (poll(&p, 1, 20000) != 1)
				die("nothing comes");
			if ((p.revents & POLLIN) != 0 && PQconsumeInput(conn) != 1)
				die("consume");
			while (!done && !PQisBusy(conn))
			{
				PGresult   *res = PQgetResult(conn);

				if (res == NULL)
				{
					/* one ends a command; a second one says that nothing is queued */
					if (idle)
						break;
					idle = true;
					continue;
				}
				idle = false;
				counts[PQresultStatus(res)]++;
				if (PQresultStatus(res) == PGRES_FATAL_ERROR)
				{
					printf("  after %d\n", counts[PGRES_COMMAND_OK]);
					show_result(res);
				}
				done = PQresultStatus(res) == PGRES_PIPELINE_SYNC;
				PQclear(res);
			}
		}
		for (i = 0; i < 32; i++)
			if (counts[i] > 0)
				printf("  %s: %d\n", PQresStatus((ExecStatusType) i), counts[i]);
	}
	show_state(conn);
	INT(PQexitPipelineMode(conn));
	INT(PQsetnonblocking(conn, 0));
	RES(PQexec(conn, "ROLLBACK"));
	RES(PQexec(conn, "DROP TABLE work"));
	PQfinish(conn);
}

static void
points(const char *conninfo)
{
	PGconn	   *conn = begin_traced(conninfo);
	const char *seven[1] = {"7"};

	CASE("several synchronization points");
	INT(PQenterPipelineMode(conn));
	INT(PQsendQueryParams(conn, "SELECT $1::int", 1, NULL, seven, NULL, NULL, 0));
	INT(PQpipelineSync(conn));
	INT(PQsendQueryParams(conn, "SELECT 1/0", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQsendQueryParams(conn, "SELECT 'not run'", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQsendPipelineSync(conn));
	INT(PQsendQueryParams(conn, "SELECT $1::text", 1, NULL, seven, NULL, NULL, 1));
	INT(PQsendPipelineSync(conn));
	INT(PQpipelineSync(conn));
	NEXT(conn);
	NEXT(conn);
	NEXT(conn);
	INT(PQpipelineStatus(conn));
	NEXT(conn);
	INT(PQpipelineStatus(conn));
	INT(PQexitPipelineMode(conn));
	NEXT(conn);
	NEXT(conn);
	NEXT(conn);
	NEXT(conn);
	INT(PQpipelineStatus(conn));
	NEXT(conn);
	NEXT(conn);
	NEXT(conn);
	NEXT(conn);
	NEXT(conn);
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	end_traced(conn);

	CASE("no synchronization point");
	conn = begin_traced(conninfo);
	INT(PQenterPipelineMode(conn));
	INT(PQsendQueryParams(conn, "SELECT repeat('xyzxz', 12)", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQsendQueryParams(conn, "SELECT 2", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQsendFlushRequest(conn));
	INT(PQflush(conn));
	NEXT(conn);
	NEXT(conn);
	NEXT(conn);
	NEXT(conn);
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	INT(PQpipelineSync(conn));
	NEXT(conn);
	INT(PQexitPipelineMode(conn));
	end_traced(conn);

	CASE("idle between commands");
	conn = begin_traced(conninfo);
	INT(PQenterPipelineMode(conn));
	NEXT(conn);
	INT(PQsendQueryParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQsendFlushRequest(conn));
	INT(PQflush(conn));
	NEXT(conn);
	INT(PQisBusy(conn));
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	NEXT(conn);
	NEXT(conn);
	INT(PQsendQueryParams(conn, "SELECT 2", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQsendFlushRequest(conn));
	INT(PQflush(conn));
	NEXT(conn);
	NEXT(conn);
	INT(PQexitPipelineMode(conn));
	RES(PQexec(conn, "SELECT 3"));
	INT(PQpipelineStatus(conn));
	ERR(conn);
	end_traced(conn);
}

static void
statements(const char *conninfo)
{
	PGconn	   *conn = begin_traced(conninfo);
	Oid			types[1] = {25};

	CASE("prepared, described, closed");
	INT(PQenterPipelineMode(conn));
	INT(PQsendPrepare(conn, "one", "SELECT $1, '42', $1::text, interval '1 sec'", 1, types));
	INT(PQsendDescribePrepared(conn, "one"));
	INT(PQpipelineSync(conn));
	NEXT(conn);
	NEXT(conn);
	NEXT(conn);
	NEXT(conn);
	NEXT(conn);
	INT(PQsendClosePrepared(conn, "one"));
	INT(PQsendDescribePrepared(conn, "one"));
	INT(PQpipelineSync(conn));
	NEXT(conn);
	NEXT(conn);
	NEXT(conn);
	NEXT(conn);
	NEXT(conn);
	INT(PQsendQueryParams(conn, "BEGIN", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQsendQueryParams(conn, "DECLARE c CURSOR FOR SELECT 1 AS one", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQsendDescribePortal(conn, "c"));
	INT(PQsendClosePortal(conn, "c"));
	INT(PQsendClosePortal(conn, "never was"));
	INT(PQsendDescribePortal(conn, "c"));
	INT(PQsendQueryParams(conn, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQpipelineSync(conn));
	for (int i = 0; i < 15; i++)
		NEXT(conn);
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	end_traced(conn);
}

static void
rows(const char *conninfo)
{
	PGconn	   *conn = begin_traced(conninfo);
	int			i;

	CASE("rows one by one and in chunks");
	INT(PQenterPipelineMode(conn));
	for (i = 0; i < 4; i++)
		INT(PQsendQueryParams(conn, "SELECT generate_series(42, 46)", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQsendQueryParams(conn, "SELECT 6/(4-g) FROM generate_series(1, 6) g", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQsendQueryParams(conn, "SELECT 'not run'", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQpipelineSync(conn));
	INT(PQsendQueryParams(conn, "SELECT generate_series(1, 3)", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQpipelineSync(conn));
	INT(PQsetSingleRowMode(conn));
	for (i = 0; i < 7; i++)
		NEXT(conn);
	INT(PQsetChunkedRowsMode(conn, 3));
	for (i = 0; i < 4; i++)
		NEXT(conn);
	INT(PQsetChunkedRowsMode(conn, 5));
	for (i = 0; i < 3; i++)
		NEXT(conn);
	/* as a whole */
	for (i = 0; i < 2; i++)
		NEXT(conn);
	INT(PQsetChunkedRowsMode(conn, 2));
	for (i = 0; i < 3; i++)
		NEXT(conn);
	INT(PQsetSingleRowMode(conn));
	for (i = 0; i < 3; i++)
		NEXT(conn);
	INT(PQsetSingleRowMode(conn));
	for (i = 0; i < 6; i++)
		NEXT(conn);
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	end_traced(conn);
}

static void
cancelled(const char *conninfo)
{
	PGconn	   *conn = must_connect(conninfo);
	PGconn	   *other = must_connect(conninfo);
	PGcancelConn *request;
	char		question[200];

	CASE("cancelled in the middle");
	INT(PQenterPipelineMode(conn));
	INT(PQsendQueryParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQsendQueryParams(conn, "SELECT pg_sleep(60)", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQsendQueryParams(conn, "SELECT 2", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQpipelineSync(conn));
	INT(PQsendQueryParams(conn, "SELECT 3", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQpipelineSync(conn));
	/* a request that comes before the command would cancel nothing */
	snprintf(question, sizeof(question), "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = %d", PQbackendPID(conn));
	for (;;)
	{
		PGresult   *res = PQexec(other, question);
		int			asleep = PQntuples(res);

		PQclear(res);
		if (asleep > 0)
			break;
	}
	request = PQcancelCreate(conn);
	INT(PQcancelBlocking(request));
	PQcancelFinish(request);
	for (int i = 0; i < 10; i++)
		NEXT(conn);
	INT(PQexitPipelineMode(conn));
	PQfinish(conn);
	PQfinish(other);
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);

	inserts(conninfo);
	points(conninfo);
	statements(conninfo);
	rows(conninfo);
	cancelled(conninfo);
	return 0;
}
