/*
 * Small queries: an operation is one execution, its result looked at and cleared.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* Its value, so that every library has to deliver it. */
static void
look(const PGresult *res)
{
	seen((unsigned char) PQgetvalue(res, 0, 0)[0]);
}

static void
look_at_error(const PGresult *res)
{
	seen(strlen(PQresultErrorMessage(res)));
}

static const char *const three_values[3] = {"4711", "a text of some length", "2.5"};
static const char *const three_parameters = "SELECT $1::int4, $2::text, $3::float8";

static void
prepare(PGconn *conn)
{
	PQclear(expect(conn, PQprepare(conn, "three", three_parameters, 3, NULL), PGRES_COMMAND_OK));
}

/* One execution each. */
static PGresult *
simple(PGconn *conn)
{
	return PQexec(conn, "SELECT 1");
}

static PGresult *
failing(PGconn *conn)
{
	return PQexec(conn, "SELECT nowhere");
}

static PGresult *
with_parameters(PGconn *conn)
{
	return PQexecParams(conn, three_parameters, 3, NULL, three_values, NULL, NULL, 0);
}

static PGresult *
of_prepared(PGconn *conn)
{
	return PQexecPrepared(conn, "three", 3, three_values, NULL, NULL, 0);
}

/* n of them, one after the other, each with this status. */
static void
repeat(PGconn *conn, long n, PGresult *(*one) (PGconn *), ExecStatusType status, void (*see) (const PGresult *))
{
	long		i;

	region_begin();
	for (i = 0; i < n; i++)
	{
		PGresult   *res = expect(conn, one(conn), status);

		see(res);
		PQclear(res);
	}
	region_end();
	PQfinish(conn);
}

static void
exec(const char *conninfo, long n)
{
	repeat(connected(conninfo), n, simple, PGRES_TUPLES_OK, look);
}

/* A command that fails: what an error costs. */
static void
error(const char *conninfo, long n)
{
	repeat(connected(conninfo), n, failing, PGRES_FATAL_ERROR, look_at_error);
}

static void
params(const char *conninfo, long n)
{
	repeat(connected(conninfo), n, with_parameters, PGRES_TUPLES_OK, look);
}

static void
prepared(const char *conninfo, long n)
{
	PGconn	   *conn = connected(conninfo);

	prepare(conn);
	repeat(conn, n, of_prepared, PGRES_TUPLES_OK, look);
}

/* A sync every this many executions; their results are read after it. */
#define PIPELINE_DEPTH 1000

static void
pipeline(const char *conninfo, long n)
{
	PGconn	   *conn = connected(conninfo);
	long		done = 0,
				i;

	prepare(conn);
	if (!PQenterPipelineMode(conn))
		give_up(conn, "entering pipeline mode");
	region_begin();
	while (done < n)
	{
		long		batch = n - done < PIPELINE_DEPTH ? n - done : PIPELINE_DEPTH;

		for (i = 0; i < batch; i++)
			if (!PQsendQueryPrepared(conn, "three", 3, three_values, NULL, NULL, 0))
				give_up(conn, "queueing");
		if (!PQpipelineSync(conn))
			give_up(conn, "sync");
		for (i = 0; i < batch; i++)
		{
			PGresult   *res = expect(conn, PQgetResult(conn), PGRES_TUPLES_OK);

			look(res);
			PQclear(res);
			if (PQgetResult(conn) != NULL)
				give_up(conn, "more than one result");
		}
		PQclear(expect(conn, PQgetResult(conn), PGRES_PIPELINE_SYNC));
		done += batch;
	}
	region_end();
	PQfinish(conn);
}

/* As an event loop does it: wait until readable, take in, ask whether it is complete. */
static void
until_idle(PGconn *conn)
{
	struct pollfd p = {PQsocket(conn), POLLIN, 0};

	while (PQisBusy(conn))
	{
		poll(&p, 1, -1);
		if (!PQconsumeInput(conn))
			give_up(conn, "taking in");
	}
}

static void
async(const char *conninfo, long n)
{
	PGconn	   *conn = connected(conninfo);
	long		i;

	if (PQsetnonblocking(conn, 1) != 0)
		give_up(conn, "setting non-blocking");
	region_begin();
	for (i = 0; i < n; i++)
	{
		PGresult   *res;

		if (!PQsendQuery(conn, "SELECT 1"))
			give_up(conn, "sending");
		while (PQflush(conn) > 0)
			;
		until_idle(conn);
		res = expect(conn, PQgetResult(conn), PGRES_TUPLES_OK);
		look(res);
		PQclear(res);
		until_idle(conn);
		if (PQgetResult(conn) != NULL)
			give_up(conn, "more than one result");
	}
	region_end();
	PQfinish(conn);
}

const workload query_workloads[] = {
	{"exec", exec},
	{"error", error},
	{"prepared", prepared},
	{"params", params},
	{"pipeline", pipeline},
	{"async", async},
	{NULL, NULL},
};
