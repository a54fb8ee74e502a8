/*
 * Connecting in node's own loop, as an addon does that is written for it: PQconnectStart and PQconnectPoll, waiting by uv_poll.
 * For drivers.js.
 *
 * connect(CONNINFO, DONE): DONE gets whether it is up and has answered a query, the wake-ups, and the error text.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <node_api.h>
#include <uv.h>

#include "libpq-fe.h"

/* What may fail only by a mistake in here. */
#define CHECK(call) \
	do { if ((call) != 0) { fprintf(stderr, "node_addon.c:%d: %s\n", __LINE__, #call); abort(); } } while (0)

typedef struct
{
	napi_env	env;
	napi_ref	done;
	uv_loop_t  *loop;
	uv_poll_t  *watch;			/* NULL: nothing is waited for */
	int			fd;
	int			wakeups;
	PGconn	   *conn;
} Attempt;

static void
freed(uv_handle_t *handle)
{
	free(handle);
}

static void
unwatch(Attempt *attempt)
{
	if (attempt->watch)
	{
		CHECK(uv_poll_stop(attempt->watch));
		uv_close((uv_handle_t *) attempt->watch, freed);
		attempt->watch = NULL;
	}
}

static void
finish(Attempt *attempt)
{
	napi_env	env = attempt->env;
	napi_handle_scope scope;
	napi_value	done,
				global,
				arguments[3];
	bool		up = PQstatus(attempt->conn) == CONNECTION_OK;

	unwatch(attempt);
	if (up)
	{
		PGresult   *result = PQexec(attempt->conn, "SELECT 1");

		up = PQresultStatus(result) == PGRES_TUPLES_OK;
		PQclear(result);
	}
	CHECK(napi_open_handle_scope(env, &scope));
	CHECK(napi_get_boolean(env, up, &arguments[0]));
	CHECK(napi_create_int32(env, attempt->wakeups, &arguments[1]));
	CHECK(napi_create_string_utf8(env, PQerrorMessage(attempt->conn), NAPI_AUTO_LENGTH, &arguments[2]));
	CHECK(napi_get_reference_value(env, attempt->done, &done));
	CHECK(napi_get_global(env, &global));
	PQfinish(attempt->conn);
	CHECK(napi_make_callback(env, NULL, global, done, 3, arguments, NULL));
	CHECK(napi_delete_reference(env, attempt->done));
	CHECK(napi_close_handle_scope(env, scope));
	free(attempt);
}

static void ready(uv_poll_t *watch, int status, int events);

static void
wait_for(Attempt *attempt, PostgresPollingStatusType status)
{
	int			fd = PQsocket(attempt->conn);

	if ((status != PGRES_POLLING_READING && status != PGRES_POLLING_WRITING) || PQstatus(attempt->conn) == CONNECTION_BAD)
	{
		finish(attempt);
		return;
	}
	/* A watch lasts for as long as the number stays. */
	if (fd != attempt->fd)
	{
		unwatch(attempt);
		attempt->watch = malloc(sizeof(uv_poll_t));
		if (attempt->watch == NULL)
			abort();
		CHECK(uv_poll_init(attempt->loop, attempt->watch, fd));
		attempt->watch->data = attempt;
		attempt->fd = fd;
	}
	CHECK(uv_poll_start(attempt->watch, status == PGRES_POLLING_READING ? UV_READABLE : UV_WRITABLE, ready));
}

static void
ready(uv_poll_t *watch, int status, int events)
{
	Attempt    *attempt = watch->data;

	(void) status;
	(void) events;
	attempt->wakeups++;
	wait_for(attempt, PQconnectPoll(attempt->conn));
}

static napi_value
start(napi_env env, napi_callback_info info)
{
	size_t		n = 2;
	napi_value	arguments[2];
	char		conninfo[4096];
	Attempt    *attempt = calloc(1, sizeof(Attempt));

	if (attempt == NULL)
		abort();
	CHECK(napi_get_cb_info(env, info, &n, arguments, NULL, NULL));
	CHECK(napi_get_value_string_utf8(env, arguments[0], conninfo, sizeof(conninfo), NULL));
	CHECK(napi_create_reference(env, arguments[1], 1, &attempt->done));
	CHECK(napi_get_uv_event_loop(env, &attempt->loop));
	attempt->env = env;
	attempt->fd = -1;
	attempt->conn = PQconnectStart(conninfo);
	wait_for(attempt, PGRES_POLLING_WRITING);
	return NULL;
}

NAPI_MODULE_INIT()
{
	napi_value	function;

	CHECK(napi_create_function(env, "connect", NAPI_AUTO_LENGTH, start, NULL, &function));
	CHECK(napi_set_named_property(env, exports, "connect", function));
	return exports;
}
