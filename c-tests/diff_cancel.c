/* Cancelling, with the new functions and the old. */
/* covers: 80 272 274 275 276 277 278 279 */
#include "helpers.h"

static void
poll_cancel(PGcancelConn *cancel)
{
	PostgresPollingStatusType polled = PGRES_POLLING_WRITING;
	int			i;

	for (i = 0; i < 1000; i++)
	{
		struct pollfd p;

		p.fd = PQcancelSocket(cancel);
		p.events = polled == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		if (poll(&p, 1, 20000) != 1)
		{
			printf("nothing came\n");
			return;
		}
		polled = PQcancelPoll(cancel);
		if (polled == PGRES_POLLING_OK || polled == PGRES_POLLING_FAILED)
			break;
	}
	INT(polled);
}

/* A query that is surely running: its first row has come. */
static void
begin_query(PGconn *conn)
{
	PQclear(PQexec(conn, "SELECT 1"));
	INT(PQsendQuery(conn, "SELECT repeat('x', 9000), pg_sleep(CASE WHEN i < 3 THEN 0 ELSE 60 END) FROM generate_series(1,3) i"));
	INT(PQsetSingleRowMode(conn));
	PQclear(PQgetResult(conn));
}

static void
end_query(PGconn *conn)
{
	PGresult   *res;
	int			rows = 0;

	while ((res = PQgetResult(conn)) != NULL)
	{
		if (PQresultStatus(res) == PGRES_SINGLE_TUPLE)
			rows++;
		else
			show_result(res);
		PQclear(res);
	}
	INT(rows <= 2);
	RES(PQexec(conn, "SELECT 'usable'"));
}

static void
cases(const char *conninfo)
{
	PGconn	   *conn = must_connect(conninfo);
	PGcancelConn *cancel;
	PGcancel   *old;
	char		text[256];
	char		small[20];

	CASE("blocking");
	begin_query(conn);
	cancel = PQcancelCreate(conn);
	INT(PQcancelStatus(cancel));
	INT(PQcancelSocket(cancel));
	STR(PQcancelErrorMessage(cancel));
	INT(PQcancelBlocking(cancel));
	INT(PQcancelStatus(cancel));
	STR(PQcancelErrorMessage(cancel));
	end_query(conn);
	/* behaviour 275 */
	INT(PQcancelStart(cancel));
	INT(PQcancelStatus(cancel));
	STR(PQcancelErrorMessage(cancel));
	INT(PQcancelBlocking(cancel));
	STR(PQcancelErrorMessage(cancel));
	PQcancelReset(cancel);
	INT(PQcancelStatus(cancel));
	STR(PQcancelErrorMessage(cancel));
	CASE("polling");
	begin_query(conn);
	INT(PQcancelStart(cancel));
	INT(PQcancelSocket(cancel) >= 0);
	poll_cancel(cancel);
	INT(PQcancelStatus(cancel));
	STR(PQcancelErrorMessage(cancel));
	end_query(conn);
	PQcancelFinish(cancel);
	CASE("the old functions");
	begin_query(conn);
	old = PQgetCancel(conn);
	INT(old != NULL);
	memset(text, 'x', sizeof(text));
	INT(PQcancel(old, text, sizeof(text)));
	INT(text[0] == 'x');
	end_query(conn);
	begin_query(conn);
	INT(PQrequestCancel(conn));
	ERR(conn);
	end_query(conn);
	INT(PQcancel(NULL, text, sizeof(text)));
	STR(text);
	INT(PQcancel(NULL, small, sizeof(small)));
	STR(small);
	INT(PQcancel(NULL, NULL, 0));
	CASE("nothing to cancel");
	cancel = PQcancelCreate(conn);
	INT(PQcancelBlocking(cancel));
	PQcancelFinish(cancel);
	RES(PQexec(conn, "SELECT pg_sleep(0.05)"));
	INT(PQcancel(old, text, sizeof(text)));
	CASE("it outlives the connection");
	cancel = PQcancelCreate(conn);
	PQfinish(conn);
	INT(PQcancelBlocking(cancel));
	STR(PQcancelErrorMessage(cancel));
	PQcancelFinish(cancel);
	INT(PQcancel(old, text, sizeof(text)));
	PQfreeCancel(old);
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	PGcancelConn *cancel;
	char		text[1024];
	char		port[32];

	snprintf(port, sizeof(port), "%s", PQport(conn));
	cases(conninfo);
	snprintf(text, sizeof(text), "host=127.0.0.1 port=%s user=pqp_trust dbname=%s sslmode=disable", port, PQdb(conn));
	printf("TCP\n");
	cases(text);
	snprintf(text, sizeof(text), "%s min_protocol_version=3.0 max_protocol_version=3.2", conninfo);
	if (PQserverVersion(conn) >= 180000)
	{
		printf("protocol 3.2\n");
		cases(text);
	}
	CASE("no connection");
	PQfinish(conn);
	conn = PQconnectdb("host=/nonexistent");
	cancel = PQcancelCreate(conn);
	INT(PQcancelStatus(cancel));
	STR(PQcancelErrorMessage(cancel));
	INT(PQcancelBlocking(cancel));
	STR(PQcancelErrorMessage(cancel));
	INT(PQcancelStart(cancel));
	PQcancelReset(cancel);
	INT(PQcancelStatus(cancel));
	STR(PQcancelErrorMessage(cancel));
	PQcancelFinish(cancel);
	PTR(PQgetCancel(conn));
	INT(PQrequestCancel(conn));
	ERR(conn);
	PQfinish(conn);
	cancel = PQcancelCreate(NULL);
	INT(PQcancelStatus(cancel));
	STR(PQcancelErrorMessage(cancel));
	PQcancelFinish(cancel);
	return 0;
}
