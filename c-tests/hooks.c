/*
 * What an application brings to authentication, and events: a SASL mechanism of its own, tokens for one context, and who is
 * told of what. A thread plays the server. Ours alone: there is nothing to compare with.
 */
#include "helpers.h"
#include "backend.h"

#include "libpq-porcelain.h"

#include <pthread.h>
#include <signal.h>

#define CHECK(condition) \
	do { if (!(condition)) { printf("line %d: not so: %s\n", __LINE__, #condition); exit(1); } } while (0)

static int	listening;
static char directory[2048];

static void
request(int fd, int code, const char *body, size_t n)
{
	char		message[512] = {0, 0, 0, (char) code};

	memcpy(message + 4, body, n);
	say(fd, 'R', message, n + 4);
}

/* Offers the mechanism, tells two riddles, and lets in who has guessed them. */
static void *
serve(void *unused)
{
	char		body[4096];
	int			fd = accept(listening, NULL, NULL);

	(void) unused;
	if (fd < 0)
		return NULL;
	hear_startup(fd, body, sizeof(body));
	request(fd, 10, "SCRAM-SHA-256\0X-RIDDLE\0", 24);
	if (recv(fd, body, sizeof(body), 0) > 0 && strcmp(body + 5, "X-RIDDLE") == 0)
	{
		request(fd, 11, "what", 4);
		if (recv(fd, body, sizeof(body), 0) > 5 && memcmp(body + 5, "this", 4) == 0)
		{
			request(fd, 12, "right", 5);
			welcome(fd);
			while (recv(fd, body, sizeof(body), 0) > 0)
			{
				if (body[0] != 'Q')
					break;
				SAY(fd, 'N', "SNOTICE\0VNOTICE\0C01000\0Mmind\0\0");
				SAY(fd, 'T', "\0\1c\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0");
				SAY(fd, 'D', "\0\1\0\0\0\1x");
				SAY(fd, 'D', "\0\1\0\0\0\1y");
				SAY(fd, 'C', "SELECT 2\0");
				SAY(fd, 'Z', "I");
			}
		}
	}
	close(fd);
	return NULL;
}

/* ---- the mechanism ---- */

enum way
{
	AT_ONCE, LATER, TWICE, REFUSE, NO_ANSWER, NONSENSE, POLLS
};

static enum way way;
static int	begun,
			freed,
			owners_freed;

struct late
{
	pqp_request *request;
	bool		first;
};

static void *
answer_late(void *arg)
{
	struct late *late = arg;

	CHECK(late->first ? pqp_answer_sasl(late->request, PQP_SASL_CONTINUE, "hello", 5) == PQP_OK
		  : pqp_answer_sasl(late->request, PQP_SASL_CONTINUE, "this", 4) == PQP_OK);
	CHECK(pqp_answer_sasl(late->request, PQP_SASL_CONTINUE, "this", 4) == PQP_TWICE);
	pqp_request_free(late->request);
	free(late);
	return NULL;
}

static void *
init(void *user, PGconn *conn, pqp_request *request)
{
	CHECK(strcmp(user, "owner") == 0 && conn != NULL);
	CHECK(strcmp(PQuser(conn), "u") == 0);
	CHECK(strcmp(pqp_request_user(request), "u") == 0);
	begun++;
	return malloc(1);
}

static int
step(void *user, void *state, pqp_request *request, const char *input, size_t n, int is_final)
{
	(void) user;
	CHECK(state != NULL);
	CHECK(pqp_answer_password(request, "no") == PQP_WRONG_KIND);
	if (is_final)
	{
		CHECK(n == 5 && memcmp(input, "right", 5) == 0);
		CHECK(pqp_answer_sasl(request, PQP_SASL_FINISHED, NULL, 0) == PQP_OK);
		return PQP_PROVIDED_ANSWER;
	}
	if (input)
		CHECK(n == 4 && memcmp(input, "what", 4) == 0);
	switch (way)
	{
		case REFUSE:
			CHECK(pqp_answer_error(request, "I would rather not") == PQP_OK);
			return PQP_PROVIDED_REFUSED;
		case NONSENSE:
			return 4711;
		case NO_ANSWER:
			return PQP_PROVIDED_ANSWER;
		case LATER:
			{
				pthread_t	thread;
				struct late *late = malloc(sizeof(*late));

				late->request = pqp_request_ref(request);
				late->first = input == NULL;
				CHECK(pthread_create(&thread, NULL, answer_late, late) == 0);
				pthread_detach(thread);
				return PQP_PROVIDED_ANSWER;
			}
		default:
			break;
	}
	CHECK(pqp_answer_sasl(request, 9, "x", 1) == PQP_INVALID);
	CHECK(pqp_answer_sasl(request, PQP_SASL_CONTINUE, input ? "this" : "hello", input ? 4 : 5) == PQP_OK);
	if (way == TWICE)
		CHECK(pqp_answer_sasl(request, PQP_SASL_CONTINUE, "x", 1) == PQP_TWICE);
	return PQP_PROVIDED_ANSWER;
}

static void
free_state(void *user, void *state)
{
	CHECK(strcmp(user, "owner") == 0);
	freed++;
	free(state);
}

static void
free_owner(void *user)
{
	CHECK(strcmp(user, "owner") == 0);
	owners_freed++;
}

/* ---- events ---- */

static char events[4096];

static void
watch(void *user, PGconn *conn, const pqp_event *event)
{
	size_t		n = strlen(events);

	CHECK(strcmp(user, "watcher") == 0 && conn != NULL);
	switch (event->kind)
	{
		case PQP_EVENT_ATTEMPT_BEGUN:
			snprintf(events + n, sizeof(events) - n, "begun %zu;", event->attempt);
			break;
		case PQP_EVENT_ATTEMPT_ENDED:
			snprintf(events + n, sizeof(events) - n, "ended %zu %d;", event->attempt, event->status);
			break;
		case PQP_EVENT_QUERY_SENT:
			snprintf(events + n, sizeof(events) - n, "sent %zu;", event->bytes);
			break;
		case PQP_EVENT_QUERY_FINISHED:
			CHECK(event->bytes > 0);
			snprintf(events + n, sizeof(events) - n, "finished %s rows %zu;", PQresStatus(event->status), event->rows);
			break;
		case PQP_EVENT_NOTICE:
			snprintf(events + n, sizeof(events) - n, "notice %s %s;", event->sqlstate, event->text);
			break;
		case PQP_EVENT_STATE:
			if (event->status == CONNECTION_OK)
				snprintf(events + n, sizeof(events) - n, "up;");
			break;
	}
	/* It may look, and that brings about no event. */
	PQstatus(conn);
	PQisBusy(conn);
}

static void
quiet(void *arg, const char *message)
{
	(void) arg;
	(void) message;
}

static void
guess(enum way how, const char *error)
{
	static const char *const keywords[] = {"host", "port", "user", "dbname", "sslmode", "gssencmode", "connect_timeout",
		NULL};
	const char *values[] = {directory, "5001", "u", "d", "disable", "disable", "2", NULL};
	pqp_context *context = pqp_context_new();
	pqp_sasl_mechanism mechanism = {.name = "X-RIDDLE",.priority = 1,.init = init,.step = step,.free = free_state};
	pqp_factory *factory;
	pthread_t	server;
	PGconn	   *conn;
	char		options[4096];

	way = how;
	begun = freed = owners_freed = 0;
	events[0] = 0;
	listening = listen_unix(directory, options, sizeof(options));
	CHECK(pqp_context_register_sasl(context, &mechanism, "owner", free_owner) == PQP_OK);
	mechanism.name = "lower";
	CHECK(pqp_context_register_sasl(context, &mechanism, NULL, NULL) == PQP_INVALID);
	CHECK(pqp_context_register_sasl(context, NULL, NULL, NULL) == PQP_NULL);
	CHECK(pqp_context_register_sasl(NULL, &mechanism, NULL, NULL) == PQP_NULL);
	CHECK(pqp_context_set_event_handler(context, watch, "watcher", NULL) == PQP_OK);
	CHECK(pthread_create(&server, NULL, serve, NULL) == 0);
	factory = pqp_factory_new_params(context, keywords, values, 0, NULL);
	conn = pqp_factory_connect(factory);
	/* The connection keeps both alive. */
	pqp_factory_free(factory);
	pqp_context_free(context);
	CHECK(begun == 1);
	if (error)
	{
		CHECK(PQstatus(conn) == CONNECTION_BAD);
		if (strstr(PQerrorMessage(conn), error) == NULL)
		{
			printf("%d: %s\n", how, PQerrorMessage(conn));
			exit(1);
		}
		CHECK(strstr(events, "begun 0;ended 0 2;") != NULL);
	}
	else
	{
		PGresult   *res;
		pqp_report *report = pqp_connect_report(conn);

		if (PQstatus(conn) != CONNECTION_OK)
			printf("%d: %s\n", how, PQerrorMessage(conn));
		CHECK(PQstatus(conn) == CONNECTION_OK && !PQconnectionUsedPassword(conn));
		CHECK(strcmp(pqp_report_attempt(report, 0)->auth_method, "X-RIDDLE") == 0);
		pqp_report_free(report);
		PQsetNoticeProcessor(conn, quiet, NULL);
		res = PQexec(conn, "query");
		CHECK(PQntuples(res) == 2);
		PQclear(res);
		CHECK(PQsendQuery(conn, "query") && PQsetSingleRowMode(conn));
		while ((res = PQgetResult(conn)) != NULL)
			PQclear(res);
		if (strcmp(events, "begun 0;ended 0 1;up;"
				   "sent 11;notice 01000 mind;finished PGRES_TUPLES_OK rows 2;"
				   "sent 11;notice 01000 mind;finished PGRES_TUPLES_OK rows 2;") != 0)
		{
			printf("events: %s\n", events);
			exit(1);
		}
	}
	if (freed != 1 || owners_freed != 0)
		printf("way %d: freed %d, owners %d\n", how, freed, owners_freed);
	CHECK(freed == 1 && owners_freed == 0);
	PQfinish(conn);
	CHECK(freed == 1 && owners_freed == 1);
	shutdown(listening, SHUT_RDWR);
	pthread_join(server, NULL);
	close(listening);
}

int
main(int argc, char **argv)
{
	(void) argc;
	(void) argv;
	signal(SIGPIPE, SIG_IGN);
	if (getcwd(directory, sizeof(directory)) == NULL)
		die("getcwd");
	guess(AT_ONCE, NULL);
	guess(LATER, NULL);
	guess(TWICE, NULL);
	guess(REFUSE, "I would rather not");
	guess(NONSENSE, "fe_sendauth: error in SASL authentication");
	guess(NO_ANSWER, "timeout expired");
	puts("hooks: all as it should be");
	return 0;
}
