/* The asynchronous loop, non-blocking sends, connection polling. */
/* covers: 76 77 78 79 81 82 84 162 167 168 170 262 263 264 265 266 267 268 */
#include "helpers.h"

#include <fcntl.h>
#include <sys/ioctl.h>

static void
wait_not_busy(PGconn *conn)
{
	while (PQisBusy(conn))
	{
		wait_socket(conn, false);
		if (!PQconsumeInput(conn))
		{
			ERR(conn);
			break;
		}
	}
}

/* An answer that has come whole, up to the 16 KiB that libpq reads at once, is there after one PQconsumeInput: programs
 * whose loop tells them once of what has come (epoll's EPOLLET) need that. */
static void
take_in_once(PGconn *conn, int size)
{
	/* RowDescription, DataRow, CommandComplete, ReadyForQuery but for the value */
	int			whole = size + 63,
				come = 0,
				i;
	char		sql[64];

	/* commands that give back what larger ones needed */
	for (i = 0; i < 3; i++)
		PQclear(PQexec(conn, "SELECT 1"));
	snprintf(sql, sizeof(sql), "SELECT repeat('x', %d)", size);
	INT(PQsendQuery(conn, sql));
	INT(PQflush(conn));
	for (i = 0; i < 20000 && come < whole; i++)
	{
		usleep(1000);
		if (ioctl(PQsocket(conn), FIONREAD, &come) != 0)
			break;
	}
	INT(come == whole);
	INT(PQconsumeInput(conn));
	INT(PQisBusy(conn));
	drain(conn);
}

static void
poll_connection(const char *conninfo, bool show_states)
{
	PGconn	   *conn = PQconnectStart(conninfo);
	PostgresPollingStatusType polled = PGRES_POLLING_WRITING;
	ConnStatusType last = CONNECTION_BAD;
	int			i;

	INT(PQstatus(conn) == CONNECTION_BAD);
	for (i = 0; i < 1000 && PQstatus(conn) != CONNECTION_BAD; i++)
	{
		struct pollfd p;

		if (show_states && PQstatus(conn) != last && PQstatus(conn) != CONNECTION_STARTED)
			printf("  state %d\n", last = PQstatus(conn));
		p.fd = PQsocket(conn);
		p.events = polled == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		if (poll(&p, 1, 20000) != 1)
			break;
		polled = PQconnectPoll(conn);
		if (polled == PGRES_POLLING_OK || polled == PGRES_POLLING_FAILED)
			break;
	}
	INT(polled);
	INT(PQconnectPoll(conn));
	show_state(conn);
	ERR(conn);
	if (PQsocket(conn) >= 0)
	{
		INT((fcntl(PQsocket(conn), F_GETFD) & FD_CLOEXEC) != 0);
		RES(PQexec(conn, "SELECT 1"));
	}
	PQfinish(conn);
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	char		text[1024];
	int			i;

	CASE("the loop");
	INT(PQsendQuery(conn, "SELECT 1; SELECT 2"));
	for (i = 0; i < 3; i++)
	{
		wait_not_busy(conn);
		RES(PQgetResult(conn));
	}
	INT(PQisBusy(conn));
	RES(PQgetResult(conn));
	INT(PQconsumeInput(conn));
	INT(PQflush(conn));
	CASE("what has come is taken in at once");
	take_in_once(conn, 900);
	take_in_once(conn, 1000);
	take_in_once(conn, 5000);
	take_in_once(conn, 12000);
	take_in_once(conn, 16000);
	CASE("results by waiting");
	INT(PQsendQuery(conn, "SELECT pg_sleep(0.01), 'slept'"));
	drain(conn);
	CASE("errors while idle are notices");
	RES(PQexec(conn, "SELECT 1"));
	INT(PQconsumeInput(conn));
	INT(PQisBusy(conn));
	CASE("non-blocking");
	INT(PQisnonblocking(conn));
	INT(PQsetnonblocking(conn, 1));
	INT(PQsetnonblocking(conn, 1));
	INT(PQisnonblocking(conn));
	INT(PQsetnonblocking(conn, 7));
	INT(PQisnonblocking(conn));
	INT(PQsendQuery(conn, "SELECT 'non-blocking'"));
	while ((i = PQflush(conn)) == 1)
		wait_socket(conn, true);
	INT(i);
	wait_not_busy(conn);
	drain(conn);
	RES(PQexec(conn, "SELECT 'blocking call'"));
	CASE("a large command in non-blocking mode");
	/* how often PQflush is not through depends on how fast the server reads: diff_wire has a server that does not */
	{
		size_t		size = 6000000;
		char	   *sql = malloc(size + 64);
		PGresult   *res;

		strcpy(sql, "SELECT length('");
		memset(sql + 15, 'q', size);
		strcpy(sql + 15 + size, "')");
		INT(PQsendQuery(conn, sql));
		while ((i = PQflush(conn)) == 1)
		{
			struct pollfd p = {.fd = PQsocket(conn), .events = POLLIN | POLLOUT};

			poll(&p, 1, 20000);
			if ((p.revents & POLLIN) && !PQconsumeInput(conn))
				break;
		}
		INT(i);
		wait_not_busy(conn);
		res = PQgetResult(conn);
		show_result(res);
		PQclear(res);
		RES(PQgetResult(conn));
		/* PQgetResult flushes by itself */
		INT(PQsendQuery(conn, sql));
		drain(conn);
		free(sql);
	}
	INT(PQsetnonblocking(conn, 0));
	INT(PQisnonblocking(conn));
	CASE("busy");
	INT(PQsendQuery(conn, "SELECT 1"));
	INT(PQsendQuery(conn, "SELECT 2"));
	ERR(conn);
	INT(PQsendPrepare(conn, "x", "SELECT 2", 0, NULL));
	ERR(conn);
	INT(PQsetSingleRowMode(conn));
	drain(conn);
	ERR(conn);
	PQfinish(conn);

	CASE("polling a connection");
	poll_connection(conninfo, true);
	conn = must_connect(conninfo);
	snprintf(text, sizeof(text), "host=127.0.0.1 port=%s user=pqp_trust dbname=%s sslmode=disable", PQport(conn), PQdb(conn));
	poll_connection(text, true);
	snprintf(text, sizeof(text), "host=127.0.0.1 port=%s user=pqp_scram password=pw-scram dbname=%s sslmode=disable",
			 PQport(conn), PQdb(conn));
	poll_connection(text, true);
	snprintf(text, sizeof(text), "host=127.0.0.1 port=%s user=pqp_trust dbname=%s sslmode=disable "
			 "target_session_attrs=read-write", PQport(conn), PQdb(conn));
	poll_connection(text, true);
	poll_connection("host=/nonexistent", false);
	poll_connection("no_such=1", false);
	PQfinish(conn);
	return 0;
}
