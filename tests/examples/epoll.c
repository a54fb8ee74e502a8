/*
 * Connecting and querying in an epoll loop of one's own. While connecting, PQsocket is one descriptor that becomes ready
 * whatever the library waits for: a socket, a name's lookup, the end of the time for a host. It may be another one after
 * each PQconnectPoll, so it is registered anew for each wait.
 *
 * usage: epoll CONNINFO
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "libpq-fe.h"
#include "libpq-porcelain.h"

/* Waits until the descriptor is ready; other work of the loop would be done here, too. */
static void
wait_for(int loop, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events};

	if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) != 0)
	{
		perror("epoll_ctl");
		exit(1);
	}
	while (epoll_wait(loop, &event, 1, -1) < 1)
		;
	/* The descriptor is open until the next poll. */
	epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL);
}

int
main(int argc, char **argv)
{
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;
	int			loop = epoll_create1(EPOLL_CLOEXEC);
	PGconn	   *conn;
	PGresult   *res;
	int			status = 1;

	if (argc != 2 || loop < 0)
		return 2;
	conn = PQconnectStart(argv[1]);
	while (conn != NULL && PQstatus(conn) != CONNECTION_BAD && next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED)
	{
		wait_for(loop, PQsocket(conn), next == PGRES_POLLING_WRITING ? EPOLLOUT : EPOLLIN);
		next = PQconnectPoll(conn);
	}
	if (PQstatus(conn) == CONNECTION_OK)
	{
		PQsetnonblocking(conn, 1);
		PQsendQuery(conn, "SELECT 6 * 7");
		while (PQflush(conn) == 1)
			wait_for(loop, PQsocket(conn), EPOLLIN | EPOLLOUT);
		while (PQisBusy(conn))
		{
			wait_for(loop, PQsocket(conn), EPOLLIN);
			if (!PQconsumeInput(conn))
				break;
		}
		while ((res = PQgetResult(conn)) != NULL)
		{
			if (PQresultStatus(res) == PGRES_TUPLES_OK)
			{
				printf("the answer is %s\n", PQgetvalue(res, 0, 0));
				status = 0;
			}
			PQclear(res);
		}
	}
	else
	{
		/* Which host took how long, and why it was no good, for whoever reads the log. */
		pqp_report *report = pqp_connect_report(conn);

		fprintf(stderr, "%s%s\n", PQerrorMessage(conn), pqp_report_json(report));
		pqp_report_free(report);
	}
	PQfinish(conn);
	close(loop);
	return status;
}
