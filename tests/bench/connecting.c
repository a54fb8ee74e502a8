/*
 * Connections: an operation is one of them, made and finished; or, in `many_query`, one query on
 * one of many; in `idle`, one that is open and does nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "bench.h"
#include "libpq-porcelain.h"

static void
connects(const char *conninfo, long n)
{
	long		i;

	PQfinish(connected(conninfo));
	region_begin();
	for (i = 0; i < n; i++)
		PQfinish(connected(conninfo));
	region_end();
}

/* Ours has them; with libpq there is nothing but PQconnectdb again. */
#pragma weak pqp_factory_new
#pragma weak pqp_factory_connect

/* From a factory that has connected before. */
static void
factory(const char *conninfo, long n)
{
	pqp_factory *made = pqp_factory_new ? pqp_factory_new(NULL, conninfo, NULL) : NULL;
	long		i;

	if (made == NULL)
	{
		connects(conninfo, n);
		return;
	}
	PQfinish(pqp_factory_connect(made));
	region_begin();
	for (i = 0; i < n; i++)
	{
		PGconn	   *conn = pqp_factory_connect(made);

		if (PQstatus(conn) != CONNECTION_OK)
			give_up(conn, "connecting");
		PQfinish(conn);
	}
	region_end();
}

/* One loop drives all of them. */
typedef struct client
{
	PGconn	   *conn;
	int			fd;				/* what epoll knows of it */
	unsigned	events;
	int			up;
	long		left;			/* queries still to send */
} client;

static void *
zeroed(long n, size_t size)
{
	void	   *p = calloc((size_t) n, size);

	if (p == NULL)
	{
		fputs("bench: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

static void
watch(int loop, client *c, unsigned events)
{
	struct epoll_event e = {events, {.ptr = c}};
	int			fd = PQsocket(c->conn);

	if (fd == c->fd && events == c->events)
		return;
	/* a closed descriptor has left the set by itself, and its number may be back */
	if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e) != 0 &&
		(errno != EEXIST || epoll_ctl(loop, EPOLL_CTL_MOD, fd, &e) != 0))
	{
		perror("bench: epoll_ctl");
		exit(1);
	}
	c->fd = fd;
	c->events = events;
}

/* How many connections are being opened at a time: a server's queue of them is short. */
#define OPENING 100

static void
open_all(int loop, client *clients, const char *conninfo, long n)
{
	struct epoll_event ready[256];
	long		started = 0,
				up = 0;

	while (up < n)
	{
		int			found,
					i;

		for (; started < n && started - up < OPENING; started++)
		{
			client	   *c = &clients[started];

			c->fd = -1;
			c->conn = PQconnectStart(conninfo);
			if (PQstatus(c->conn) == CONNECTION_BAD)
				give_up(c->conn, "starting to connect");
			watch(loop, c, EPOLLOUT);
		}
		found = epoll_wait(loop, ready, 256, -1);
		for (i = 0; i < found; i++)
		{
			client	   *c = ready[i].data.ptr;

			if (c->up)
				continue;
			switch (PQconnectPoll(c->conn))
			{
				case PGRES_POLLING_READING:
					watch(loop, c, EPOLLIN);
					break;
				case PGRES_POLLING_WRITING:
					watch(loop, c, EPOLLOUT);
					break;
				case PGRES_POLLING_OK:
					watch(loop, c, EPOLLIN);
					c->up = 1;
					up++;
					break;
				default:
					give_up(c->conn, "connecting");
			}
		}
	}
}

static void
many_connect(const char *conninfo, long n)
{
	client	   *clients = zeroed(n, sizeof *clients);
	int			loop = epoll_create1(0);
	long		i;

	region_begin();
	open_all(loop, clients, conninfo, n);
	region_end();
	for (i = 0; i < n; i++)
		PQfinish(clients[i].conn);
	free(clients);
}

static void
ask(client *c)
{
	c->left--;
	if (!PQsendQuery(c->conn, "SELECT 1") || PQflush(c->conn) != 0)
		give_up(c->conn, "sending");
}

/* Every one of `connections` has a query under way until n have been answered. */
static void
queries(const char *conninfo, long connections, long n)
{
	client	   *clients = zeroed(connections, sizeof *clients);
	int			loop = epoll_create1(0);
	struct epoll_event ready[256];
	long		i,
				answered = 0;

	open_all(loop, clients, conninfo, connections);
	for (i = 0; i < connections; i++)
	{
		PQsetnonblocking(clients[i].conn, 1);
		clients[i].left = n / connections + (i < n % connections);
	}
	region_begin();
	for (i = 0; i < connections; i++)
		if (clients[i].left > 0)
			ask(&clients[i]);
	while (answered < n)
	{
		int			found = epoll_wait(loop, ready, 256, -1),
					at;

		for (at = 0; at < found; at++)
		{
			client	   *c = ready[at].data.ptr;
			PGresult   *res;

			if (!PQconsumeInput(c->conn))
				give_up(c->conn, "taking in");
			while (!PQisBusy(c->conn))
			{
				res = PQgetResult(c->conn);
				if (res == NULL)
				{
					answered++;
					if (c->left > 0)
						ask(c);
					break;
				}
				seen((unsigned char) PQgetvalue(expect(c->conn, res, PGRES_TUPLES_OK), 0, 0)[0]);
				PQclear(res);
			}
		}
	}
	region_end();
	for (i = 0; i < connections; i++)
		PQfinish(clients[i].conn);
	free(clients);
}

static void
many_query(const char *conninfo, long n)
{
	queries(conninfo, extra > 0 ? extra : 500, n);
}

/* Open, each after a query; the region ends while they are. */
static void
idle(const char *conninfo, long n)
{
	PGconn	  **conns = zeroed(n, sizeof *conns);
	long		i;

	PQfinish(connected(conninfo));
	region_begin();
	for (i = 0; i < n; i++)
	{
		conns[i] = connected(conninfo);
		command(conns[i], "SELECT 1");
	}
	region_end();
	for (i = 0; i < n; i++)
		PQfinish(conns[i]);
	free(conns);
}

const workload connect_workloads[] = {
	{"connect", connects},
	{"factory", factory},
	{"many_connect", many_connect},
	{"many_query", many_query},
	{"idle", idle},
	{NULL, NULL},
};
