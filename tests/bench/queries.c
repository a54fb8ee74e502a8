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
exec(const char *conninfo, long n)
{
	PGconn	   *conn = connected(conninfo);
	long		i;

	region_begin();
	for (i = 0; i < n; i++)
	{
		PGresult   *res = expect(conn, PQexec(conn, "SELECT 1"), PGRES_TUPLES_OK);

		look(res);
		PQclear(res);
	}
	region_end();
	PQfinish(conn);
}

/* A command that fails: what an error costs. */
static void
error(const char *conninfo, long n)
{
	PGconn	   *conn = connected(conninfo);
	long		i;

	region_begin();
	for (i = 0; i < n; i++)
	{
		PGresult   *res = expect(conn, PQexec(conn, "SELECT nowhere"), PGRES_FATAL_ERROR);

		seen(strlen(PQresultErrorMessage(res)));
		PQclear(res);
	}
	region_end();
	PQfinish(conn);
}

static const char *const three_values[3] = {"4711", "a text of some length", "2.5"};
static const char *const three_parameters = "SELECT $1::int4, $2::text, $3::float8";

static void
prepare(PGconn *conn)
{
	PQclear(expect(conn, PQprepare(conn, "three", three_parameters, 3, NULL), PGRES_COMMAND_OK));
}

static void
prepared(const char *conninfo, long n)
{
	PGconn	   *conn = connected(conninfo);
	long		i;

	prepare(conn);
	region_begin();
	for (i = 0; i < n; i++)
	{
		PGresult   *res = expect(conn, PQexecPrepared(conn, "three", 3, three_values, NULL, NULL, 0),
								 PGRES_TUPLES_OK);

		look(res);
		PQclear(res);
	}
	region_end();
	PQfinish(conn);
}

static void
params(const char *conninfo, long n)
{
	PGconn	   *conn = connected(conninfo);
	long		i;

	region_begin();
	for (i = 0; i < n; i++)
	{
		PGresult   *res = expect(conn, PQexecParams(conn, three_parameters, 3, NULL, three_values, NULL, NULL, 0),
								 PGRES_TUPLES_OK);

		look(res);
		PQclear(res);
	}
	region_end();
	PQfinish(conn);
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

/* As an event loop does it: send, wait until readable, take in, ask whether it is complete. */
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
		struct pollfd p = {PQsocket(conn), POLLIN, 0};

		if (!PQsendQuery(conn, "SELECT 1"))
			give_up(conn, "sending");
		while (PQflush(conn) > 0)
			;
		while (PQisBusy(conn))
		{
			poll(&p, 1, -1);
			if (!PQconsumeInput(conn))
				give_up(conn, "taking in");
		}
		res = expect(conn, PQgetResult(conn), PGRES_TUPLES_OK);
		look(res);
		PQclear(res);
		while (PQisBusy(conn))
		{
			poll(&p, 1, -1);
			PQconsumeInput(conn);
		}
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
