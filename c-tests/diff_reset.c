/* PQreset and what it keeps. */
/* covers: 94 96 135 136 137 172 221 */
#include "helpers.h"

static void
processor(void *arg, const char *message)
{
	printf("  processor %s: ", (char *) arg);
	show_text(message);
	putchar('\n');
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	PostgresPollingStatusType polled;
	PGresult   *res;
	int			pid;
	int			i;

	CASE("of a live connection");
	must(conn, "SET application_name = 'before'; CREATE TEMP TABLE gone (a int)");
	must(conn, "LISTEN c; NOTIFY c");
	PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
	PQsetNoticeProcessor(conn, processor, "kept");
	INT(PQsetnonblocking(conn, 1));
	pid = PQbackendPID(conn);
	PQreset(conn);
	show_state(conn);
	ERR(conn);
	INT(PQbackendPID(conn) != pid);
	STR(PQparameterStatus(conn, "application_name"));
	PTR(PQnotifies(conn));
	RES(PQexec(conn, "SELECT * FROM gone"));
	RES(PQexec(conn, "DROP TABLE IF EXISTS gone"));
	INT(PQisnonblocking(conn));
	PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
	CASE("while a command runs");
	INT(PQsendQuery(conn, "SELECT pg_sleep(60)"));
	PQreset(conn);
	show_state(conn);
	RES(PQgetResult(conn));
	RES(PQexec(conn, "SELECT 1"));
	CASE("in a pipeline");
	INT(PQenterPipelineMode(conn));
	INT(PQsendQueryParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0));
	PQreset(conn);
	show_state(conn);
	RES(PQexec(conn, "SELECT 1"));
	CASE("in COPY");
	RES(PQexec(conn, "COPY (SELECT 1) TO STDOUT"));
	PQreset(conn);
	show_state(conn);
	RES(PQexec(conn, "SELECT 1"));
	CASE("of a lost connection");
	res = PQexec(conn, "SELECT 'kept'");
	QUIET(PQexec(conn, "SELECT pg_terminate_backend(pg_backend_pid())"));
	show_state(conn);
	PQreset(conn);
	show_state(conn);
	ERR(conn);
	RES(PQexec(conn, "SELECT 'again'"));
	show_result(res);
	PQclear(res);
	CASE("by polling");
	INT(PQresetStart(conn));
	for (polled = PGRES_POLLING_WRITING, i = 0; i < 1000; i++)
	{
		struct pollfd p;

		p.fd = PQsocket(conn);
		p.events = polled == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		if (poll(&p, 1, 20000) != 1)
			break;
		polled = PQresetPoll(conn);
		if (polled == PGRES_POLLING_OK || polled == PGRES_POLLING_FAILED)
			break;
	}
	INT(polled);
	show_state(conn);
	RES(PQexec(conn, "SELECT 'again'"));
	PQfinish(conn);
	CASE("of a connection that never was");
	conn = PQconnectdb("host=/nonexistent");
	PQreset(conn);
	show_state(conn);
	ERR(conn);
	INT(PQresetStart(conn));
	INT(PQresetPoll(conn));
	ERR(conn);
	PQfinish(conn);
	conn = PQconnectdb("no_such=1");
	PQreset(conn);
	show_state(conn);
	ERR(conn);
	PQfinish(conn);
	return 0;
}
