/*
 * A factory for connections whose password is fetched when the server asks for it, from a service that takes a while: the
 * provider says that the answer will come, a thread of its own gives it. What it fetched before is forgotten, so a token
 * that changes every few minutes is always the present one.
 *
 * usage: factory CONNINFO PASSWORD
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libpq-fe.h"
#include "libpq-porcelain.h"

/* The service. */
static void *
fetch(void *arg)
{
	pqp_request *request = arg;
	const char *password = getenv("EXAMPLE_PASSWORD");

	/* It may be too late by now, when the time for the attempt is over: then nobody minds. */
	if (password != NULL)
		pqp_answer_password(request, password);
	else
		pqp_answer_error(request, "the vault is empty");
	pqp_request_free(request);
	return NULL;
}

/* Called for each attempt, with nothing waiting but this connection. */
static int
provide(void *user, PGconn *conn, pqp_request *request)
{
	pthread_t	thread;

	(void) conn;
	fprintf(stderr, "%s: a password for %s at %s, port %d\n", (const char *) user, pqp_request_user(request),
			pqp_request_host(request), pqp_request_port(request));
	if (pthread_create(&thread, NULL, fetch, pqp_request_ref(request)) != 0)
	{
		pqp_request_free(request);
		return PQP_PROVIDED_REFUSED;
	}
	pthread_detach(thread);
	return PQP_PROVIDED_ANSWER;
}

int
main(int argc, char **argv)
{
	char	   *error = NULL;
	pqp_context *context = pqp_context_new();
	pqp_factory *factory;
	int			status = 0;
	int			i;

	if (argc != 3)
		return 2;
	setenv("EXAMPLE_PASSWORD", argv[2], 1);
	factory = pqp_factory_new(context, argv[1], &error);
	if (factory == NULL)
	{
		fprintf(stderr, "%s\n", error);
		PQfreemem(error);
		return 2;
	}
	pqp_factory_set_password_provider(factory, provide, "example", NULL);
	for (i = 0; i < 2; i++)
	{
		PGconn	   *conn = pqp_factory_connect(factory);
		PGresult   *res = NULL;

		if (PQstatus(conn) == CONNECTION_OK)
			res = PQexec(conn, "SELECT current_user");
		if (PQresultStatus(res) == PGRES_TUPLES_OK)
			printf("connection %d: %s\n", i + 1, PQgetvalue(res, 0, 0));
		else
		{
			fprintf(stderr, "%s", PQerrorMessage(conn));
			status = 1;
		}
		PQclear(res);
		PQfinish(conn);
	}
	pqp_factory_free(factory);
	pqp_context_free(context);
	return status;
}
