/*
 * Who is asked for OAuth tokens: by libpq 19's request, by the hook of the process, of a context, a factory or a connection.
 * A thread plays the server. Ours alone: libpq 18 has nothing of it.
 */
/* covers: 413 */
#include "helpers.h"
#include "backend.h"

#include "libpq-porcelain.h"

#include <pthread.h>
#include <signal.h>

#define CHECK(condition) \
	do { if (!(condition)) { printf("line %d: not so: %s\n", __LINE__, #condition); exit(1); } } while (0)

static char directory[2048];

/* ---- the server ---- */

struct server
{
	int			listening;
	pthread_t	thread;
	char		bearer[64];
};

/* Offers OAUTHBEARER, notes the token, and lets in. Who comes without one is told where to get it, and may come again. */
static void *
serve(void *arg)
{
	struct server *server = arg;
	static const char offer[] = "\0\0\0\nOAUTHBEARER\0";
	static const char refusal[] = "\0\0\0\013{\"status\":\"invalid_token\","
		"\"openid-configuration\":\"https://idp/.well-known/openid-configuration\"}";
	static const char failure[] = "E\0\0\0#SFATAL\0VFATAL\0C28000\0Mnot you\0";
	char		body[4096];
	int			fd;

	while (server->bearer[0] == 0 && (fd = accept(server->listening, NULL, NULL)) >= 0)
	{
		const char *found;
		ssize_t		n;

		hear_startup(fd, body, sizeof(body));
		say(fd, 'R', offer, sizeof(offer));
		n = recv(fd, body, sizeof(body) - 1, 0);
		/* Type, length, "OAUTHBEARER", length: the message itself has no NUL. */
		body[n > 0 ? n : 0] = 0;
		found = n > 21 ? strstr(body + 21, "Bearer ") : NULL;
		if (found)
		{
			for (size_t i = 0; i < 63 && found[7 + i] != '\1' && found[7 + i] != '\0'; i++)
				server->bearer[i] = found[7 + i];
			welcome(fd);
			while (recv(fd, body, sizeof(body), 0) > 0)
				;
		}
		else if (n > 0)
		{
			say(fd, 'R', refusal, sizeof(refusal) - 1);
			if (recv(fd, body, sizeof(body), 0) > 0)
				(void) !write(fd, failure, sizeof(failure));
		}
		close(fd);
	}
	return NULL;
}

/* ---- the hooks ---- */

enum way
{
	TOKEN, BY_VERSION_1, PASS, FAIL, FAIL_SILENTLY, LATER, LATER_FAIL
};

struct teller
{
	enum way	way;
	const char *token;
	int			asked[3];
	int			cleaned;
	int			freed;
};

static void
clean_up(PGconn *conn, PGoauthBearerRequest *request)
{
	(void) conn;
	((struct teller *) request->user)->cleaned++;
	free(request->token);
	request->token = NULL;
}

static PostgresPollingStatusType
go_on(PGconn *conn, PGoauthBearerRequest *request, int *altsock)
{
	struct teller *teller = request->user;

	(void) conn;
	(void) altsock;
	if (teller->way == LATER_FAIL)
	{
		((PGoauthBearerRequestV2 *) request)->error = "the browser was closed";
		return PGRES_POLLING_FAILED;
	}
	request->token = strdup(teller->token);
	return PGRES_POLLING_OK;
}

static int
tell(int kind, PGconn *conn, void *data, void *user)
{
	PGoauthBearerRequestV2 *request = data;
	struct teller *teller = user;

	CHECK(conn != NULL && strcmp(PQuser(conn), "u") == 0 && PQstatus(conn) != CONNECTION_OK);
	CHECK(kind == PQAUTHDATA_OAUTH_BEARER_TOKEN || kind == PQAUTHDATA_OAUTH_BEARER_TOKEN_V2);
	CHECK(strcmp(request->v1.openid_configuration, "https://idp/.well-known/openid-configuration") == 0);
	CHECK(strcmp(request->v1.scope, "read write") == 0);
	/* The version of 19 is offered first. */
	CHECK(kind == PQAUTHDATA_OAUTH_BEARER_TOKEN_V2 || teller->asked[2] == teller->asked[1] + 1);
	teller->asked[kind == PQAUTHDATA_OAUTH_BEARER_TOKEN ? 1 : 2]++;
	request->v1.user = teller;
	request->v1.cleanup = clean_up;
	if (teller->way == PASS || (teller->way == BY_VERSION_1 && kind == PQAUTHDATA_OAUTH_BEARER_TOKEN_V2))
		return 0;
	if (kind == PQAUTHDATA_OAUTH_BEARER_TOKEN_V2)
	{
		CHECK(strcmp(request->issuer, "https://idp") == 0);
		CHECK(request->error == NULL);
	}
	switch (teller->way)
	{
		case FAIL:
			request->error = "the vault is sealed";
			return -1;
		case FAIL_SILENTLY:
			return -1;
		case LATER:
		case LATER_FAIL:
			request->v1.async = go_on;
			return 1;
		default:
			request->v1.token = strdup(teller->token);
			return 1;
	}
}

static void
free_teller(void *user)
{
	((struct teller *) user)->freed++;
}

/* That of the process has no pointer. */
static struct teller of_process;

static int
tell_process(PGauthData kind, PGconn *conn, void *data)
{
	return tell(kind, conn, data, &of_process);
}

/* ---- the cases ---- */

static pqp_factory *
factory_for(pqp_context *context)
{
	char		options[4096];
	pqp_factory *factory;

	snprintf(options, sizeof(options), "host=%s port=5001 user=u dbname=d sslmode=disable gssencmode=disable connect_timeout=20 "
			 "oauth_client_id=c oauth_scope='read write' oauth_issuer=https://idp/.well-known/openid-configuration",
			 directory);
	factory = pqp_factory_new(context, options, NULL);
	CHECK(factory != NULL);
	return factory;
}

/*
 * Connects, in steps or at once; `own` is set on the connection itself. Either the server gets this token, or the error
 * message has these words.
 */
static void
ends(pqp_factory *factory, struct teller *own, bool steps, const char *token, const char *words)
{
	struct server server = {.bearer = ""};
	char		options[4096];
	PGconn	   *conn;

	server.listening = listen_unix(directory, options, sizeof(options));
	CHECK(pthread_create(&server.thread, NULL, serve, &server) == 0);
	conn = steps || own ? pqp_factory_start(factory) : pqp_factory_connect(factory);
	if (own)
		CHECK(pqp_conn_set_auth_data_hook(conn, tell, own, free_teller) == PQP_OK);
	if (steps || own)
	{
		PostgresPollingStatusType next = PGRES_POLLING_WRITING;

		while (next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED)
		{
			wait_socket(conn, next == PGRES_POLLING_WRITING);
			next = PQconnectPoll(conn);
		}
	}
	CHECK(pqp_conn_set_auth_data_hook(conn, tell, NULL, NULL) == PQP_TOO_LATE);
	if ((PQstatus(conn) == CONNECTION_OK) != (token != NULL) || strstr(PQerrorMessage(conn), words) == NULL)
	{
		printf("not \"%s\" but: %s", words, PQerrorMessage(conn));
		exit(1);
	}
	/* A failed connection keeps its socket until then. */
	PQfinish(conn);
	shutdown(server.listening, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.listening);
	if (strcmp(server.bearer, token ? token : "") != 0)
	{
		printf("not \"%s\" but \"%s\"\n", token ? token : "", server.bearer);
		exit(1);
	}
}

#define connects(factory, own, steps, token) ends(factory, own, steps, token, "")
#define fails(factory, own, steps, words) ends(factory, own, steps, NULL, words)

#define ASKED(teller, by_1, by_2, times) \
	CHECK((teller).asked[1] == (by_1) && (teller).asked[2] == (by_2) && (teller).cleaned == (times))

/* The request of libpq 19: what is in it, its words in the error message, and that it is cleaned up once. */
static void
version_2(bool steps)
{
	static const struct
	{
		enum way	way;
		const char *token;
		const char *error;
		int			by_1;
	}			cases[] =
	{
		{TOKEN, "abc", NULL, 0},
		{LATER, "abc", NULL, 0},
		{BY_VERSION_1, "abc", NULL, 1},
		{FAIL, NULL, "user-defined OAuth flow failed: the vault is sealed", 0},
		{LATER_FAIL, NULL, "user-defined OAuth flow failed: the browser was closed", 0},
		{FAIL_SILENTLY, NULL, "user-defined OAuth flow failed\n", 0},
		{PASS, NULL, "no OAuth flows are available", 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		struct teller teller = {.way = cases[i].way,.token = cases[i].token};
		pqp_context *context = pqp_context_new();
		pqp_factory *factory;

		CHECK(pqp_context_set_auth_data_hook(context, tell, &teller, free_teller) == PQP_OK);
		factory = factory_for(context);
		pqp_context_free(context);
		if (cases[i].token)
			connects(factory, NULL, steps, cases[i].token);
		else
			fails(factory, NULL, steps, cases[i].error);
		/* A version that is passed over is cleaned up as well. */
		ASKED(teller, cases[i].by_1, 1, 1 + cases[i].by_1);
		CHECK(teller.freed == 0);
		pqp_factory_free(factory);
		CHECK(teller.freed == 1);
	}
}

/* Opposite hooks of two contexts, and none in a third; that of the process is the default context's alone. */
static void
contexts(void)
{
	struct teller yes = {.way = TOKEN,.token = "one"};
	struct teller no = {.way = FAIL};
	pqp_context *with = pqp_context_new();
	pqp_context *against = pqp_context_new();
	pqp_context *without = pqp_context_new();
	pqp_context *standard = pqp_context_default();
	pqp_factory *factories[4];

	of_process = (struct teller) {.way = TOKEN,.token = "process"};
	PQsetAuthDataHook(tell_process);
	CHECK(pqp_context_set_auth_data_hook(NULL, tell, NULL, NULL) == PQP_NULL);
	CHECK(pqp_context_set_auth_data_hook(with, tell, &yes, free_teller) == PQP_OK);
	CHECK(pqp_context_set_auth_data_hook(against, tell, &no, free_teller) == PQP_OK);
	factories[0] = factory_for(with);
	factories[1] = factory_for(against);
	factories[2] = factory_for(without);
	factories[3] = factory_for(standard);
	for (int round = 1; round <= 2; round++)
	{
		connects(factories[0], NULL, round == 1, "one");
		fails(factories[1], NULL, round == 1, "the vault is sealed");
		fails(factories[2], NULL, round == 1, "no OAuth flows are available");
		CHECK(of_process.asked[2] == round - 1);
		connects(factories[3], NULL, round == 1, "process");
		CHECK(yes.asked[2] == round && yes.cleaned == round && no.asked[2] == round && no.cleaned == round);
		CHECK(of_process.asked[2] == round && of_process.cleaned == round);
		of_process.asked[1] = yes.asked[1] = no.asked[1] = 0;
	}
	/* In the default context its own comes first; when it passes, the process's is asked. */
	no.way = PASS;
	CHECK(pqp_context_set_auth_data_hook(standard, tell, &no, free_teller) == PQP_OK);
	no.asked[1] = no.asked[2] = of_process.asked[2] = 0;
	connects(factories[3], NULL, false, "process");
	CHECK(no.asked[2] == 1 && no.asked[1] == 1 && of_process.asked[2] == 1);
	CHECK(pqp_context_set_auth_data_hook(standard, NULL, NULL, NULL) == PQP_OK);
	CHECK(no.freed == 1);
	PQsetAuthDataHook(NULL);
	fails(factories[3], NULL, false, "no OAuth flows are available");
	for (int i = 0; i < 4; i++)
		pqp_factory_free(factories[i]);
	pqp_context_free(with);
	pqp_context_free(against);
	pqp_context_free(without);
	pqp_context_free(standard);
	CHECK(yes.freed == 1 && no.freed == 2);
}

/* The connection's before the factory's before the context's. */
static void
nearest(void)
{
	struct teller of_context = {.way = TOKEN,.token = "context"};
	struct teller of_factory = {.way = TOKEN,.token = "factory"};
	struct teller own = {.way = LATER,.token = "own"};
	struct teller refusing = {.way = FAIL};
	pqp_context *context = pqp_context_new();
	pqp_factory *factory;

	CHECK(pqp_context_set_auth_data_hook(context, tell, &of_context, free_teller) == PQP_OK);
	factory = factory_for(context);
	connects(factory, &own, true, "own");
	ASKED(own, 0, 1, 1);
	CHECK(own.freed == 1);
	fails(factory, &refusing, true, "the vault is sealed");
	ASKED(refusing, 0, 1, 1);
	CHECK(refusing.freed == 1);
	ASKED(of_context, 0, 0, 0);
	connects(factory, NULL, true, "context");
	ASKED(of_context, 0, 1, 1);
	CHECK(pqp_factory_set_auth_data_hook(factory, tell, &of_factory, NULL) == PQP_TOO_LATE);
	pqp_factory_free(factory);

	factory = factory_for(context);
	CHECK(pqp_factory_set_auth_data_hook(factory, tell, &of_factory, free_teller) == PQP_OK);
	of_context = (struct teller) {.way = TOKEN,.token = "context"};
	own = (struct teller) {.way = TOKEN,.token = "own"};
	connects(factory, NULL, true, "factory");
	connects(factory, &own, true, "own");
	ASKED(own, 0, 1, 1);
	ASKED(of_factory, 0, 1, 1);
	ASKED(of_context, 0, 0, 0);
	pqp_factory_free(factory);
	pqp_context_free(context);
	CHECK(own.freed == 1 && of_factory.freed == 1 && of_context.freed == 1);
	CHECK(pqp_conn_set_auth_data_hook(NULL, tell, NULL, NULL) == PQP_NULL);
	CHECK(pqp_factory_set_auth_data_hook(NULL, tell, NULL, NULL) == PQP_NULL);
}

int
main(int argc, char **argv)
{
	(void) argc;
	(void) argv;
	signal(SIGPIPE, SIG_IGN);
	if (getcwd(directory, sizeof(directory)) == NULL)
		die("getcwd");
	version_2(true);
	version_2(false);
	contexts();
	nearest();
	puts("tokens: all as it should be");
	return 0;
}
