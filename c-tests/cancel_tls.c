/*
 * PQcancel on encrypted connections: from signal handlers, from many threads, in children.
 *
 *   cancel_tls CONNINFO
 *
 * CONNINFO must lead to an encrypted connection. Says on standard output which checks failed, and exits with 1 if any did.
 * Ours alone: the reference sends these requests in plain text.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpq-fe.h"

static const char *conninfo;
static const char *section = "";
static atomic_int failures;

#define CHECK(condition) check((condition), #condition, __LINE__)

static bool
check(bool holds, const char *text, int line)
{
	if (!holds)
	{
		printf("cancel_tls.c:%d: %s: not so: %s\n", line, section, text);
		fflush(stdout);
		failures++;
	}
	return holds;
}

/* ---- a handler must not allocate ---- */

static __thread volatile sig_atomic_t in_handler;
static atomic_int allocated_in_handler;

#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

void *
malloc(size_t size)
{
	allocated_in_handler += in_handler;
	return __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	allocated_in_handler += in_handler;
	return __libc_calloc(count, size);
}

void *
realloc(void *old, size_t size)
{
	allocated_in_handler += in_handler;
	return __libc_realloc(old, size);
}

void
free(void *old)
{
	allocated_in_handler += in_handler;
	__libc_free(old);
}
#endif

static PGcancel *volatile in_use;
static atomic_int handled;
static atomic_int went_wrong;
static char handlers_error[256];

static void
handler(int signo)
{
	int kept = errno;
	bool sent;

	in_handler = 1;
	errno = 4242;
	sent = PQcancel(in_use, handlers_error, sizeof handlers_error) == 1;
	if (!sent || errno != 4242)
		went_wrong++;
	in_handler = 0;
	errno = kept;
	/* The main thread may have been interrupted by the second signal in the midst of this. */
	if (signo == SIGINT)
		handled++;
}

static void
catch_signals(void)
{
	struct sigaction action = {.sa_handler = handler};

	/* Not one of them keeps the other off. */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
}

static void
check_handled(int count)
{
	CHECK(handled == count);
	CHECK(allocated_in_handler == 0);
	if (!CHECK(went_wrong == 0))
		printf("the handler: %s", handlers_error);
	handled = went_wrong = allocated_in_handler = 0;
}

/* ---- connections ---- */

static PGconn *
connect_or_die(void)
{
	PGconn *conn = PQconnectdb(conninfo);

	if (PQstatus(conn) != CONNECTION_OK || !PQsslInUse(conn))
	{
		printf("cancel_tls.c: %s: no encrypted connection: %s\n", section, PQerrorMessage(conn));
		exit(1);
	}
	return conn;
}

static bool
yes(PGconn *conn, const char *query, int pid)
{
	char text[256];
	PGresult *result;
	bool is;

	snprintf(text, sizeof text, query, pid);
	result = PQexec(conn, text);
	is = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
	PQclear(result);
	return is;
}

static void
wait_asleep(PGconn *monitor, int pid)
{
	while (PQstatus(monitor) == CONNECTION_OK &&
		!yes(monitor, "select true from pg_stat_activity where pid = %d and wait_event = 'PgSleep'", pid))
		;
}

/* A server may act twice on one request, and late on an early one: what is asked next may be hit as well. */
static void
check_goes_on(PGconn *conn)
{
	int tries = 0;

	while (!yes(conn, "select true where %d = 0", 0) && tries++ < 100)
		CHECK(PQstatus(conn) == CONNECTION_OK);
	CHECK(tries < 100);
}

static void
check_cancelled(PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	CHECK(state != NULL && strcmp(state, "57014") == 0);
	PQclear(result);
}

static int
threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int count = -2;

	while (readdir(tasks) != NULL)
		count++;
	closedir(tasks);
	return count;
}

/* Those that have done their work end soon. */
static bool
threads_become(int count)
{
	for (int tries = 0; threads() != count && tries < 20000; tries++)
		usleep(1000);
	return threads() == count;
}

/* ---- from a handler ---- */

/* AddressSanitizer's allocator has locks for all threads: the helper would wait for the thread that it is to help. */
#ifdef __SANITIZE_ADDRESS__
#define ALLOCATOR_IS_THE_SANITIZERS 1
#else
#define ALLOCATOR_IS_THE_SANITIZERS 0
#endif

struct interrupter
{
	pthread_t whom;
	int count;
	int pid;
};

/* One signal after the other, as soon as the one before has been dealt with. */
static void *
interrupt_often(void *argument)
{
	struct interrupter *i = argument;
	int n;

	for (n = 0; n < i->count; n++)
	{
		if (n % 10 == 9)
			pthread_kill(i->whom, SIGUSR1);
		pthread_kill(i->whom, SIGINT);
		while (handled == n)
			usleep(100);
	}
	return NULL;
}

static void
the_allocator_is_interrupted(int signals)
{
	PGconn *conn = connect_or_die();
	struct interrupter i = {.whom = pthread_self(), .count = signals};
	pthread_t other;
	void *blocks[64] = {NULL};
	unsigned chance = 1;

	section = "the allocator is interrupted";
	in_use = PQgetCancel(conn);
	pthread_create(&other, NULL, interrupt_often, &i);
	while (handled < signals)
	{
		int at;

		chance = chance * 1103515245 + 12345;
		at = chance >> 16 & 63;
		free(blocks[at]);
		blocks[at] = malloc((chance >> 8 & 0x3fff) + 1);
	}
	for (int at = 0; at < 64; at++)
		free(blocks[at]);
	pthread_join(other, NULL);
	check_handled(signals);
	check_goes_on(conn);
	PQfreeCancel(in_use);
	PQfinish(conn);
}

/* How many queries have been begun that are to be interrupted. */
static atomic_int begun;

static void *
interrupt_sleep(void *argument)
{
	struct interrupter *i = argument;
	PGconn *monitor = connect_or_die();

	for (int n = 0; n < i->count; n++)
	{
		while (begun == n)
			usleep(100);
		wait_asleep(monitor, i->pid);
		pthread_kill(i->whom, SIGINT);
	}
	PQfinish(monitor);
	return NULL;
}

static void
a_query_is_interrupted(int times)
{
	PGconn *conn = connect_or_die();
	struct interrupter i = {.whom = pthread_self(), .count = times, .pid = PQbackendPID(conn)};
	pthread_t other;

	section = "a query is interrupted";
	begun = 0;
	in_use = PQgetCancel(conn);
	pthread_create(&other, NULL, interrupt_sleep, &i);
	for (int n = 0; n < times; n++)
	{
		begun++;
		check_cancelled(PQexec(conn, "select pg_sleep(60)"));
		check_goes_on(conn);
	}
	pthread_join(other, NULL);
	check_handled(times);
	PQfreeCancel(in_use);
	PQfinish(conn);
}

/* ---- from many threads ---- */

#define CANCELLERS 8

static PGconn *shared_conn;
static PGcancel *shared_cancel;

static void *
cancel_often(void *argument)
{
	char error[256] = "";

	(void) argument;
	for (int n = 0; n < 4; n++)
	{
		PGcancel *own = PQgetCancel(shared_conn);

		CHECK(PQcancel(shared_cancel, error, sizeof error) == 1);
		CHECK(PQcancel(own, error, sizeof error) == 1);
		PQfreeCancel(own);
	}
	if (!CHECK(error[0] == '\0'))
		printf("%s", error);
	return NULL;
}

static void
many_threads_cancel(void)
{
	pthread_t cancellers[CANCELLERS];
	section = "many threads cancel";
	shared_conn = connect_or_die();
	shared_cancel = PQgetCancel(shared_conn);
	for (int n = 0; n < CANCELLERS; n++)
		pthread_create(&cancellers[n], NULL, cancel_often, NULL);
	for (int n = 0; n < CANCELLERS; n++)
		pthread_join(cancellers[n], NULL);
	PQfreeCancel(shared_cancel);
	check_goes_on(shared_conn);
	PQfinish(shared_conn);
}

/* ---- over fork() ---- */

static void
in_child(void (*body) (PGcancel *, PGconn *), PGcancel *cancel, PGconn *conn)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
	{
		alarm(60);
		failures = 0;
		body(cancel, conn);
		fflush(stdout);
		_exit(failures != 0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void
cancel_in_child(PGcancel *cancel, PGconn *conn)
{
	char error[256] = "";
	int before = threads();

	if (!CHECK(PQcancel(cancel, error, sizeof error) == 1))
		printf("%s", error);
	PQfreeCancel(cancel);
	PQfinish(conn);
	CHECK(threads() == before);
}

/* The child has a connection of its own, and then everything goes as in the parent. */
static void
cancel_in_child_of_its_own(PGcancel *cancel, PGconn *conn)
{
	char error[256] = "";
	int before = threads();

	PQfinish(conn);
	a_query_is_interrupted(2);
	CHECK(threads_become(before + 1));
	section = "an inherited object beside the child's own";
	if (!CHECK(PQcancel(cancel, error, sizeof error) == 1))
		printf("%s", error);
	in_child(cancel_in_child, cancel, NULL);
	PQfreeCancel(cancel);
}

static void
children_cancel(void)
{
	static void (*const bodies[]) (PGcancel *, PGconn *) = {cancel_in_child, cancel_in_child_of_its_own};
#ifdef __SANITIZE_THREAD__
	/* It allows no threads in the child of a program that has some. */
	const int ways = 1;
#else
	const int ways = 2;
#endif
	PGconn *monitor = connect_or_die();

	for (int way = 0; way < ways; way++)
	{
		PGconn *conn = connect_or_die();
		PGcancel *cancel = PQgetCancel(conn);

		section = "children cancel";
		CHECK(PQsendQuery(conn, "select pg_sleep(60)"));
		wait_asleep(monitor, PQbackendPID(conn));
		in_child(bodies[way], cancel, conn);
		section = "children cancel";
		check_cancelled(PQgetResult(conn));
		CHECK(PQgetResult(conn) == NULL);
		check_goes_on(conn);
		PQfreeCancel(cancel);
		PQfinish(conn);
	}
	PQfinish(monitor);
}

static void *
nothing(void *argument)
{
	return argument;
}

int
main(int argc, char **argv)
{
	int signals = argc > 2 ? atoi(argv[2]) : 200;
	pthread_t first;
	int before;

	if (argc < 2)
	{
		fprintf(stderr, "usage: %s CONNINFO [SIGNALS]\n", argv[0]);
		return 2;
	}
	conninfo = argv[1];
	alarm(570);
	catch_signals();
	/* A sanitizer may start a thread of its own together with the first one. */
	pthread_create(&first, NULL, nothing, NULL);
	pthread_join(first, NULL);
	before = threads();
	if (!ALLOCATOR_IS_THE_SANITIZERS)
		the_allocator_is_interrupted(signals);
	a_query_is_interrupted(signals / 20);
	many_threads_cancel();
	/* However many objects there were. */
	CHECK(threads_become(before + 1));
	children_cancel();
	if (failures == 0)
		printf("all as it should be\n");
	return failures != 0;
}
