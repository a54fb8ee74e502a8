/*
 * Who is asked for OAuth tokens: by libpq 19's request, by the hook of the process, of a context, a factory or a connection;
 * and providers of tokens, which come before hooks and may answer later.
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

/* ---- a provider ---- */

enum manner
{
	AT_ONCE, SOON, REFUSE, REFUSE_WHY, REFUSE_SOON, DECLINE, DECLINE_SOON, NEVER
};

struct giver
{
	enum manner manner;
	const char *token;
	int			asked;
	int			cancelled;
	int			freed;
	pqp_request *kept;
	pthread_t	thread;
};

static void *
give_soon(void *arg)
{
	struct giver *giver = arg;
	enum pqp_status said;

	/* Long enough for whoever connects to wait. */
	usleep(20000);
	if (giver->manner == REFUSE_SOON)
		said = pqp_answer_error(giver->kept, "the vault is sealed");
	else if (giver->manner == DECLINE_SOON)
		said = pqp_answer_default(giver->kept);
	else
		said = pqp_answer_password(giver->kept, giver->token);
	CHECK(said == PQP_OK);
	CHECK(pqp_answer_password(giver->kept, "wrong") == PQP_TWICE);
	pqp_request_free(giver->kept);
	return NULL;
}

static void
note_cancel(void *user, pqp_request *request)
{
	struct giver *giver = user;

	giver->cancelled++;
	CHECK(request == giver->kept && pqp_request_is_cancelled(request) == 1);
	CHECK(pqp_answer_password(request, "late") == PQP_TOO_LATE);
}

static int
give(void *user, PGconn *conn, pqp_request *request)
{
	struct giver *giver = user;

	giver->asked++;
	CHECK(conn != NULL && PQstatus(conn) != CONNECTION_OK);
	CHECK(pqp_request_what(request) == PQP_WANT_TOKEN);
	CHECK(strcmp(pqp_request_openid_configuration(request), "https://idp/.well-known/openid-configuration") == 0);
	CHECK(strcmp(pqp_request_issuer(request), "https://idp") == 0);
	CHECK(strcmp(pqp_request_scope(request), "read write") == 0);
	CHECK(strcmp(pqp_request_host(request), directory) == 0 && pqp_request_port(request) == 5001);
	CHECK(strcmp(pqp_request_user(request), "u") == 0 && strcmp(pqp_request_dbname(request), "d") == 0);
	CHECK(pqp_request_is_encrypted(request) == 0 && pqp_request_attempt(request) > 0);
	CHECK(pqp_answer_socket(request, 0) == PQP_WRONG_KIND);
	switch (giver->manner)
	{
		case AT_ONCE:
			CHECK(pqp_answer_password(request, giver->token) == PQP_OK);
			return PQP_PROVIDED_ANSWER;
		case SOON:
		case REFUSE_SOON:
		case DECLINE_SOON:
			giver->kept = pqp_request_ref(request);
			CHECK(pthread_create(&giver->thread, NULL, give_soon, giver) == 0);
			return PQP_PROVIDED_ANSWER;
		case REFUSE_WHY:
			CHECK(pqp_answer_error(request, "the vault is sealed") == PQP_OK);
			return PQP_PROVIDED_REFUSED;
		case REFUSE:
			return PQP_PROVIDED_REFUSED;
		case DECLINE:
			return PQP_PROVIDED_DEFAULT;
		case NEVER:
			giver->kept = pqp_request_ref(request);
			CHECK(pqp_request_on_cancel(request, note_cancel, giver) == PQP_OK);
			return PQP_PROVIDED_ANSWER;
	}
	return PQP_PROVIDED_REFUSED;
}

static void
free_giver(void *user)
{
	((struct giver *) user)->freed++;
}

/* ---- the cases ---- */

/* The server is asked where tokens are got, unless that is known. */
#define KNOWN "oauth_issuer=https://idp/.well-known/openid-configuration"
#define UNKNOWN "oauth_issuer=https://idp"

static pqp_factory *
factory_with(pqp_context *context, const char *more)
{
	char		options[4096];
	pqp_factory *factory;

	snprintf(options, sizeof(options), "host=%s port=5001 user=u dbname=d sslmode=disable gssencmode=disable connect_timeout=20 "
			 "oauth_client_id=c oauth_scope='read write' %s", directory, more);
	factory = pqp_factory_new(context, options, NULL);
	CHECK(factory != NULL);
	return factory;
}

static pqp_factory *
factory_for(pqp_context *context)
{
	return factory_with(context, KNOWN);
}

/*
 * Connects, in steps or at once; `own` and `giver` are set on the connection itself. Either the server gets this token, or the
 * error message has these words.
 */
static void
ends_with(pqp_factory *factory, struct teller *own, struct giver *giver, bool steps, const char *token, const char *words)
{
	struct server server = {.bearer = ""};
	char		options[4096];
	PGconn	   *conn;

	server.listening = listen_unix(directory, options, sizeof(options));
	CHECK(pthread_create(&server.thread, NULL, serve, &server) == 0);
	conn = steps || own || giver ? pqp_factory_start(factory) : pqp_factory_connect(factory);
	if (own)
		CHECK(pqp_conn_set_auth_data_hook(conn, tell, own, free_teller) == PQP_OK);
	if (giver)
		CHECK(pqp_conn_set_token_provider(conn, give, giver, free_giver) == PQP_OK);
	if (steps || own || giver)
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

#define connects(factory, own, steps, token) ends_with(factory, own, NULL, steps, token, "")
#define fails(factory, own, steps, words) ends_with(factory, own, NULL, steps, NULL, words)

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

/* What a provider may do, whether or not the server has to say where tokens are got; there is no hook. */
static void
providers(bool steps)
{
	static const struct
	{
		enum manner manner;
		const char *token;
		const char *words;
	}			cases[] =
	{
		{AT_ONCE, "abc", ""},
		{SOON, "abc", ""},
		{REFUSE, NULL, "could not get token\n"},
		{REFUSE_WHY, NULL, "could not get token: the vault is sealed\n"},
		{REFUSE_SOON, NULL, "could not get token: the vault is sealed\n"},
		{DECLINE, NULL, "no OAuth flows are available"},
		{DECLINE_SOON, NULL, "no OAuth flows are available"},
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++)
	{
		struct giver giver = {.manner = cases[i / 2].manner,.token = cases[i / 2].token};
		pqp_context *context = pqp_context_new();
		pqp_factory *factory;

		CHECK(pqp_context_set_token_provider(context, give, &giver, free_giver) == PQP_OK);
		factory = factory_with(context, i % 2 ? KNOWN : UNKNOWN);
		pqp_context_free(context);
		ends_with(factory, NULL, NULL, steps, cases[i / 2].token, cases[i / 2].words);
		if (giver.kept)
			pthread_join(giver.thread, NULL);
		CHECK(giver.asked == 1 && giver.cancelled == 0 && giver.freed == 0);
		pqp_factory_free(factory);
		CHECK(giver.freed == 1);
	}
}

/* A provider that never answers is told when the time is over, or the connection goes. */
static void
never(bool steps)
{
	for (int known = 0; known < 2; known++)
	{
		struct giver giver = {.manner = NEVER};
		pqp_factory *factory = factory_with(NULL, known ? "connect_deadline_ms=300 " KNOWN : "connect_deadline_ms=300 " UNKNOWN);

		CHECK(pqp_factory_set_token_provider(factory, give, &giver, free_giver) == PQP_OK);
		ends_with(factory, NULL, NULL, steps, NULL, "timeout expired");
		CHECK(giver.asked == 1 && giver.cancelled == 1);
		CHECK(pqp_answer_password(giver.kept, "late") == PQP_TOO_LATE);
		pqp_request_free(giver.kept);
		pqp_factory_free(factory);
		CHECK(giver.freed == 1);
	}
}

static void
finished_meanwhile(void)
{
	struct server server = {.bearer = ""};
	struct giver giver = {.manner = NEVER};
	pqp_factory *factory = factory_for(NULL);
	char		options[4096];
	PGconn	   *conn;

	server.listening = listen_unix(directory, options, sizeof(options));
	CHECK(pthread_create(&server.thread, NULL, serve, &server) == 0);
	CHECK(pqp_factory_set_token_provider(factory, give, &giver, NULL) == PQP_OK);
	conn = pqp_factory_start(factory);
	for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; giver.asked == 0; next = PQconnectPoll(conn))
		wait_socket(conn, next == PGRES_POLLING_WRITING);
	CHECK(giver.cancelled == 0);
	PQfinish(conn);
	CHECK(giver.asked == 1 && giver.cancelled == 1);
	pqp_request_free(giver.kept);
	pqp_factory_free(factory);
	shutdown(server.listening, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.listening);
}

/* A provider comes before the hook of the same object and of those farther away; what it declines they get. */
static void
before_hooks(void)
{
	static const enum manner declines[] = {DECLINE, DECLINE_SOON};
	struct teller hook = {.way = TOKEN,.token = "hook"};
	struct giver giver = {.manner = AT_ONCE,.token = "provider"};
	pqp_context *context = pqp_context_new();
	pqp_context *standard = pqp_context_default();
	pqp_factory *factory = factory_for(context);

	CHECK(pqp_factory_set_auth_data_hook(factory, tell, &hook, free_teller) == PQP_OK);
	CHECK(pqp_factory_set_token_provider(factory, give, &giver, free_giver) == PQP_OK);
	connects(factory, NULL, true, "provider");
	CHECK(giver.asked == 1);
	ASKED(hook, 0, 0, 0);
	for (int i = 0; i < 2; i++)
		for (int later = 0; later < 2; later++)
		{
			hook = (struct teller) {.way = later ? LATER : TOKEN,.token = "hook"};
			giver = (struct giver) {.manner = declines[i]};
			connects(factory, NULL, later, "hook");
			if (giver.kept)
				pthread_join(giver.thread, NULL);
			CHECK(giver.asked == 1);
			ASKED(hook, 0, 1, 1);
		}
	/* A refusal is the last word. */
	hook = (struct teller) {.way = TOKEN,.token = "hook"};
	giver = (struct giver) {.manner = REFUSE_WHY};
	fails(factory, NULL, true, "could not get token: the vault is sealed");
	ASKED(hook, 0, 0, 0);
	/* A hook that is nearer is asked in place of the provider, whatever it says. */
	for (int gives = 0; gives < 2; gives++)
	{
		struct teller own = {.way = gives ? TOKEN : PASS,.token = "own"};

		giver = (struct giver) {.manner = AT_ONCE,.token = "provider"};
		ends_with(factory, &own, NULL, true, gives ? "own" : NULL, gives ? "" : "no OAuth flows are available");
		CHECK(giver.asked == 0 && own.freed == 1);
	}
	/* The connection's own provider, and what it declines. */
	{
		struct giver own = {.manner = AT_ONCE,.token = "own"};

		ends_with(factory, NULL, &own, true, "own", "");
		own.manner = DECLINE;
		ends_with(factory, NULL, &own, true, "hook", "");
		CHECK(own.asked == 2 && own.freed == 2 && giver.asked == 0);
		ASKED(hook, 0, 1, 1);
	}
	pqp_factory_free(factory);
	pqp_context_free(context);
	CHECK(hook.freed == 1 && giver.freed == 1);

	/* That of the process is the last, in the default context alone. */
	of_process = (struct teller) {.way = TOKEN,.token = "process"};
	giver = (struct giver) {.manner = DECLINE};
	PQsetAuthDataHook(tell_process);
	CHECK(pqp_context_set_token_provider(standard, give, &giver, free_giver) == PQP_OK);
	factory = factory_for(standard);
	connects(factory, NULL, false, "process");
	CHECK(giver.asked == 1);
	ASKED(of_process, 0, 1, 1);
	CHECK(pqp_context_set_token_provider(standard, NULL, NULL, NULL) == PQP_OK);
	CHECK(giver.freed == 1);
	PQsetAuthDataHook(NULL);

	/* Whoever sets one in vain is told at once that it is not needed. */
	giver = (struct giver) {.manner = AT_ONCE};
	CHECK(pqp_factory_set_token_provider(factory, give, &giver, free_giver) == PQP_TOO_LATE && giver.freed == 1);
	CHECK(pqp_factory_set_token_provider(NULL, give, &giver, free_giver) == PQP_NULL && giver.freed == 2);
	CHECK(pqp_context_set_token_provider(NULL, give, &giver, free_giver) == PQP_NULL && giver.freed == 3);
	CHECK(pqp_conn_set_token_provider(NULL, give, &giver, free_giver) == PQP_NULL && giver.freed == 4);
	CHECK(*pqp_request_openid_configuration(NULL) == 0 && *pqp_request_issuer(NULL) == 0 && *pqp_request_scope(NULL) == 0);
	pqp_factory_free(factory);
	pqp_context_free(standard);
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
	for (int steps = 0; steps < 2; steps++)
	{
		providers(steps);
		never(steps);
	}
	finished_meanwhile();
	before_hooks();
	puts("tokens: all as it should be");
	return 0;
}
