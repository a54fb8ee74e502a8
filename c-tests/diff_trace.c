/* PQtrace: lines of every kind of exchange. */
/* covers: 306 307 308 309 310 311 312 313 314 318 */
#include "helpers.h"

static void
session(PGconn *conn, int flags)
{
	const char *values[] = {"1", NULL, "x\001\xff"};
	int			lengths[] = {1, 0, 3};
	int			formats[] = {0, 0, 1};
	char	   *buffer;

	PQtrace(conn, stdout);
	PQsetTraceFlags(conn, flags);
	QUIET(PQexec(conn, "SELECT 1 AS a, NULL::int, E'\\\\x01'::bytea, 'text \"quoted\" \xc3\xa9'"));
	QUIET(PQexec(conn, "SELECT no_such_column"));
	QUIET(PQexec(conn, "SET application_name = 'traced'"));
	QUIET(PQexec(conn, "DO $$ BEGIN RAISE NOTICE 'note'; END $$"));
	QUIET(PQexecParams(conn, "SELECT $1::int, $2::text, $3::bytea", 3, NULL, values, lengths, formats, 1));
	QUIET(PQprepare(conn, "s", "SELECT $1::int", 0, NULL));
	QUIET(PQdescribePrepared(conn, "s"));
	QUIET(PQexecPrepared(conn, "s", 1, values, NULL, NULL, 0));
	QUIET(PQclosePrepared(conn, "s"));
	QUIET(PQdescribePortal(conn, ""));
	QUIET(PQexec(conn, ""));
	QUIET(PQexec(conn, "COPY (SELECT 1, 'x') TO STDOUT"));
	while (PQgetCopyData(conn, &buffer, 0) > 0)
		PQfreemem(buffer);
	QUIET(PQgetResult(conn));
	QUIET(PQgetResult(conn));
	QUIET(PQexec(conn, "COPY tr FROM STDIN"));
	PQputCopyData(conn, "1\n", 2);
	PQputCopyEnd(conn, NULL);
	QUIET(PQgetResult(conn));
	QUIET(PQgetResult(conn));
	QUIET(PQexec(conn, "COPY tr FROM STDIN"));
	PQputCopyEnd(conn, "given up");
	QUIET(PQgetResult(conn));
	QUIET(PQgetResult(conn));
	PQenterPipelineMode(conn);
	PQsendQueryParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0);
	PQsendFlushRequest(conn);
	PQpipelineSync(conn);
	QUIET(PQgetResult(conn));
	QUIET(PQgetResult(conn));
	QUIET(PQgetResult(conn));
	PQexitPipelineMode(conn);
	{
		int			out,
					length;
		PQArgBlock	arg = {.len = 4,.isint = 1,.u.integer = -5};

		/* int4abs */
		QUIET(PQfn(conn, 1251, &out, &length, 1, &arg, 1));
	}
	PQuntrace(conn);
	QUIET(PQexec(conn, "SELECT 'not traced'"));
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	FILE	   *file;
	char		line[4096];

	must(conn, "CREATE TEMP TABLE tr (a int)");
	CASE("for regression tests");
	session(conn, PQTRACE_SUPPRESS_TIMESTAMPS | PQTRACE_REGRESS_MODE);
	PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
	CASE("without time stamps");
	session(conn, PQTRACE_SUPPRESS_TIMESTAMPS);
	CASE("with time stamps");
	file = fopen("trace", "w+");
	if (file == NULL)
		die("trace");
	PQtrace(conn, file);
	PQsetTraceFlags(conn, 0);
	QUIET(PQexec(conn, "SELECT 1"));
	PQuntrace(conn);
	rewind(file);
	while (fgets(line, sizeof(line), file) != NULL)
	{
		char	   *p;

		/* the time differs, its form does not */
		for (p = line; *p != '\0' && *p != '\t'; p++)
			if (*p >= '0' && *p <= '9')
				*p = '9';
		fputs(line, stdout);
	}
	CASE("no stream");
	VOID(PQtrace(conn, NULL));
	VOID(PQsetTraceFlags(conn, 3));
	QUIET(PQexec(conn, "SELECT 1"));
	CASE("a connection that is lost");
	PQtrace(conn, stdout);
	PQsetTraceFlags(conn, PQTRACE_SUPPRESS_TIMESTAMPS);
	/* a server that is told to stop says so in various ways: only ours is shown */
	PQfinish(conn);
	CASE("during connecting");
	conn = PQconnectStart(conninfo);
	PQtrace(conn, stdout);
	PQsetTraceFlags(conn, PQTRACE_SUPPRESS_TIMESTAMPS | PQTRACE_REGRESS_MODE);
	{
		PostgresPollingStatusType polled = PGRES_POLLING_WRITING;

		while (polled != PGRES_POLLING_OK && polled != PGRES_POLLING_FAILED)
		{
			struct pollfd p = {.fd = PQsocket(conn),.events = polled == PGRES_POLLING_READING ? POLLIN : POLLOUT};

			if (poll(&p, 1, 20000) != 1)
				break;
			polled = PQconnectPoll(conn);
		}
	}
	PQuntrace(conn);
	fclose(file);
	PQfinish(conn);
	return 0;
}
