/* Event procedures: full life cycle. */
/* covers: 135 136 234 235 319 320 321 322 323 324 */
#include "helpers.h"

#include "libpq-events.h"

static int	fail_on = -1;

static const char *
id_name(int id)
{
	static const char *names[] = {"REGISTER", "CONNRESET", "CONNDESTROY", "RESULTCREATE", "RESULTCOPY", "RESULTDESTROY"};

	return id >= 0 && id < 6 ? names[id] : "?";
}

static int
handle(const char *name, PGEventId id, void *info, PGEventProc self)
{
	printf("  event %s %s", name, id_name(id));
	switch (id)
	{
		case PGEVT_REGISTER:
			{
				PGEventRegister *e = info;

				printf(" conn=%d data=%d", e->conn != NULL, PQinstanceData(e->conn, self) != NULL);
				break;
			}
		case PGEVT_CONNRESET:
			{
				PGEventConnReset *e = info;

				printf(" status=%d data=%s", PQstatus(e->conn), (char *) PQinstanceData(e->conn, self));
				break;
			}
		case PGEVT_CONNDESTROY:
			{
				PGEventConnDestroy *e = info;

				printf(" status=%d socket=%d data=%s", PQstatus(e->conn), PQsocket(e->conn) >= 0, (char *) PQinstanceData(e->conn, self));
				break;
			}
		case PGEVT_RESULTCREATE:
			{
				PGEventResultCreate *e = info;

				printf(" conn=%d %s rows=%d data=%d", e->conn != NULL, PQresStatus(PQresultStatus(e->result)), PQntuples(e->result),
					   PQresultInstanceData(e->result, self) != NULL);
				printf(" set=%d", PQresultSetInstanceData(e->result, self, "result data"));
				/* the command is not over yet, though all of its answer may have come */
				printf(" transaction=%d", PQtransactionStatus(e->conn));
				break;
			}
		case PGEVT_RESULTCOPY:
			{
				PGEventResultCopy *e = info;

				printf(" src=%s dest=%d rows=%d", (char *) PQresultInstanceData(e->src, self), PQresultInstanceData(e->dest, self) != NULL,
					   PQntuples(e->dest));
				printf(" set=%d", PQresultSetInstanceData(e->dest, self, "copied data"));
				break;
			}
		case PGEVT_RESULTDESTROY:
			{
				PGEventResultDestroy *e = info;

				printf(" data=%s", (char *) PQresultInstanceData(e->result, self));
				break;
			}
	}
	if ((int) id == fail_on)
	{
		printf(" fails\n");
		return 0;
	}
	putchar('\n');
	return 1;
}

static int
first(PGEventId id, void *info, void *pass)
{
	(void) pass;
	return handle("first", id, info, first);
}

static int
second(PGEventId id, void *info, void *pass)
{
	printf("  pass %s\n", (char *) pass);
	return handle("second", id, info, second);
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	PGresult   *res,
			   *copy;
	int			id;

	CASE("registering");
	INT(PQregisterEventProc(conn, NULL, "x", NULL));
	INT(PQregisterEventProc(conn, first, NULL, NULL));
	INT(PQregisterEventProc(conn, first, "", NULL));
	INT(PQregisterEventProc(NULL, first, "x", NULL));
	INT(PQsetInstanceData(conn, first, "early"));
	PTR(PQinstanceData(conn, first));
	fail_on = PGEVT_REGISTER;
	INT(PQregisterEventProc(conn, first, "one", NULL));
	fail_on = -1;
	INT(PQregisterEventProc(conn, first, "one", NULL));
	INT(PQregisterEventProc(conn, first, "one again", NULL));
	INT(PQregisterEventProc(conn, second, "one", "the pass-through"));
	INT(PQsetInstanceData(conn, first, "conn data 1"));
	INT(PQsetInstanceData(conn, second, "conn data 2"));
	STR(PQinstanceData(conn, first));
	CASE("results");
	RES(PQexec(conn, "SELECT generate_series(1,3)"));
	RES(PQexec(conn, "SELECT nothing"));
	RES(PQexec(conn, "SELECT 1; SELECT 2"));
	INT(PQsendQuery(conn, "SELECT generate_series(1,2)"));
	INT(PQsetSingleRowMode(conn));
	drain(conn);
	RES(PQexec(conn, "COPY (SELECT 1) TO STDOUT"));
	RES(PQexec(conn, ""));
	CASE("failing");
	for (id = PGEVT_CONNRESET; id <= PGEVT_RESULTDESTROY; id++)
	{
		fail_on = id;
		printf("-- round %s\n", id_name(id));
		res = PQexec(conn, "SELECT 1");
		copy = PQcopyResult(res, PG_COPYRES_EVENTS | PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
		PTR(copy);
		if (copy != NULL)
		{
			INT(PQresultStatus(copy));
			PTR(PQresultInstanceData(copy, first));
		}
		PQclear(copy);
		PTR(PQresultInstanceData(res, first));
		PQclear(res);
	}
	fail_on = -1;
	CASE("made by hand");
	res = PQmakeEmptyPGresult(conn, PGRES_TUPLES_OK);
	PTR(PQresultInstanceData(res, first));
	INT(PQfireResultCreateEvents(conn, res));
	INT(PQfireResultCreateEvents(conn, res));
	STR(PQresultInstanceData(res, first));
	INT(PQfireResultCreateEvents(NULL, NULL));
	PQclear(res);
	fail_on = PGEVT_RESULTCREATE;
	res = PQmakeEmptyPGresult(conn, PGRES_TUPLES_OK);
	INT(PQfireResultCreateEvents(conn, res));
	PQclear(res);
	fail_on = -1;
	res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	INT(PQfireResultCreateEvents(conn, res));
	INT(PQresultSetInstanceData(res, first, "x"));
	PQclear(res);
	CASE("copies");
	res = PQexec(conn, "SELECT 1 AS a");
	copy = PQcopyResult(res, 0);
	PTR(PQresultInstanceData(copy, first));
	PQclear(copy);
	copy = PQcopyResult(res, PG_COPYRES_EVENTS);
	STR(PQresultInstanceData(copy, first));
	PQclear(res);
	PQclear(copy);
	CASE("reset");
	PQreset(conn);
	fail_on = PGEVT_CONNRESET;
	PQreset(conn);
	show_state(conn);
	ERR(conn);
	fail_on = -1;
	STR(PQinstanceData(conn, first));
	CASE("a result after its connection");
	res = PQexec(conn, "SELECT 'outlives'");
	PQfinish(conn);
	PQclear(res);
	CASE("on a failed connection");
	conn = PQconnectdb("host=/nonexistent");
	INT(PQregisterEventProc(conn, first, "one", NULL));
	res = PQmakeEmptyPGresult(conn, PGRES_FATAL_ERROR);
	PQfireResultCreateEvents(conn, res);
	PQreset(conn);
	PQfinish(conn);
	PQclear(res);
	return 0;
}
