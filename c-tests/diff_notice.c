/* Notices: receiver, processor, defaults. */
/* covers: 154 162 223 227 243 244 245 246 247 */
#include "helpers.h"

static void
processor(void *arg, const char *message)
{
	printf("  processor %s: ", (char *) arg);
	show_text(message);
	putchar('\n');
}

static void
receiver(void *arg, const PGresult *res)
{
	printf("  receiver %s: status %s\n", (char *) arg, PQresStatus(PQresultStatus(res)));
	printf("  ");
	show_text(PQresultErrorMessage(res));
	putchar('\n');
	show_fields(res);
	OWN(PQresultVerboseErrorMessage(res, PQERRORS_VERBOSE, PQSHOW_CONTEXT_ALWAYS));
}

/* The command is not over yet, though all of its answer may have come. */
static void
onlooker(void *arg, const PGresult *res)
{
	printf("  onlooker: %s transaction=%d\n", PQresStatus(PQresultStatus(res)), PQtransactionStatus(arg));
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	PGresult   *before,
			   *after;
	PQnoticeProcessor p;
	PQnoticeReceiver r;
	int			v,
				c;

	must(conn, "SET client_min_messages = debug1");
	must(conn, "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'note' USING DETAIL = 'd', "
		 "HINT = 'h'; RAISE WARNING 'warn'; RAISE INFO E'two\\nlines'; RAISE DEBUG 'debug'; RAISE LOG 'log'; RETURN 1; END $$");
	CASE("defaults, on standard error");
	RES(PQexec(conn, "SELECT f()"));
	RES(PQexec(conn, "DROP TABLE IF EXISTS none"));
	CASE("processor");
	p = PQsetNoticeProcessor(conn, processor, "one");
	INT(p != NULL && p != processor);
	INT(PQsetNoticeProcessor(conn, NULL, NULL) == processor);
	RES(PQexec(conn, "SELECT f()"));
	before = PQexec(conn, "SELECT 'before'");
	INT(PQsetNoticeProcessor(conn, processor, "two") == processor);
	CASE("receiver");
	r = PQsetNoticeReceiver(conn, receiver, "one");
	INT(r != NULL && r != receiver);
	INT(PQsetNoticeReceiver(conn, NULL, "none") == receiver);
	RES(PQexec(conn, "SELECT f()"));
	RES(PQexec(conn, "DROP TABLE IF EXISTS none"));
	after = PQexec(conn, "SELECT 'after'");
	CASE("internal notices go by the result's hooks");
	PTR(PQgetvalue(before, 9, 0));
	PTR(PQgetvalue(after, 9, 0));
	PTR(PQfname(after, -3));
	INT(PQparamtype(after, 2));
	PQclear(before);
	PQclear(after);
	CASE("verbosity");
	for (v = PQERRORS_TERSE; v <= PQERRORS_SQLSTATE; v++)
		for (c = PQSHOW_CONTEXT_NEVER; c <= PQSHOW_CONTEXT_ALWAYS; c++)
		{
			printf("%d %d\n", v, c);
			PQsetErrorVerbosity(conn, (PGVerbosity) v);
			PQsetErrorContextVisibility(conn, (PGContextVisibility) c);
			RES(PQexec(conn, "SELECT f()"));
		}
	CASE("what a receiver sees of the connection");
	PQsetNoticeReceiver(conn, onlooker, conn);
	for (v = 0; v < 3; v++)
		RES(PQexec(conn, "SELECT f()"));
	CASE("a receiver put back");
	PQsetNoticeReceiver(conn, r, NULL);
	PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
	RES(PQexec(conn, "SELECT f()"));
	CASE("notices in the extended protocol and in COPY");
	RES(PQexecParams(conn, "SELECT f()", 0, NULL, NULL, NULL, NULL, 0));
	/* when the notices are shown depends on how the bytes arrive: the COPY result is not printed between them */
	QUIET(PQexec(conn, "COPY (SELECT f()) TO STDOUT"));
	{
		char	   *buffer;

		while (PQgetCopyData(conn, &buffer, 0) > 0)
			PQfreemem(buffer);
	}
	drain(conn);
	PQfinish(conn);
	return 0;
}
