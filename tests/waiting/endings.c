/*
 * What happens to connections that are left, interrupted, inherited, or whose server falls silent.
 *
 * usage: endings near|far     near: servers of with_servers.sh; far: in the network of network.sh
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpq-fe.h"
#include "libpq-porcelain.h"
#include "measure.h"

static int failed;

static void
check(int good, const char *what, const char *text)
{
	printf("%s - endings: %s%s%s\n", good ? "ok" : "not ok", what, good ? "" : ": ", good ? "" : text);
	fflush(stdout);
	failed |= !good;
}

/* Whether no more descriptors are open than before, or soon will be. */
static int
closed_again(int before)
{
	for (int tries = 0; tries < 300; tries++)
	{
		if (open_fds() <= before)
			return 1;
		usleep(10000);
	}
	return 0;
}

static PostgresPollingStatusType
drive(PGconn *conn)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	while (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING)
	{
		struct pollfd entry = {PQsocket(conn), status == PGRES_POLLING_READING ? POLLIN : POLLOUT, 0};

		if (poll(&entry, 1, 30000) == 0)
			return PGRES_POLLING_ACTIVE;
		status = PQconnectPoll(conn);
	}
	return status;
}

static int
is_up(PGconn *conn)
{
	PGresult   *result = PQexec(conn, "SELECT 1");
	int			good = PQresultStatus(result) == PGRES_TUPLES_OK;

	PQclear(result);
	return good;
}

/* ---- near ---- */

static void
silence(const char *dsn, const char *name)
{
	char		text[2000];
	PGconn	   *conn;
	PGresult   *result;
	double		start;

	snprintf(text, sizeof(text), "%s read_timeout_ms=400", dsn);
	conn = PQconnectdb(text);
	result = PQexec(conn, "SELECT pg_sleep(0.1)");
	snprintf(text, sizeof(text), "%s: an answer in time", name);
	check(PQresultStatus(result) == PGRES_TUPLES_OK, text, PQerrorMessage(conn));
	PQclear(result);
	start = now_ms();
	/* each row comes in time, all of them do not */
	result = PQexec(conn, "SELECT repeat('x', 9000), pg_sleep(0.1) FROM generate_series(1, 10)");
	snprintf(text, sizeof(text), "%s: a slow answer is not a silent one", name);
	check(PQresultStatus(result) == PGRES_TUPLES_OK && now_ms() - start > 400, text, PQerrorMessage(conn));
	PQclear(result);
	start = now_ms();
	result = PQexec(conn, "SELECT pg_sleep(60)");
	snprintf(text, sizeof(text), "%s: silence ends the call", name);
	check(PQresultStatus(result) == PGRES_FATAL_ERROR && now_ms() - start >= 390 && now_ms() - start < 20000 &&
		  strstr(PQerrorMessage(conn), "server has said nothing for 400 ms") && PQstatus(conn) == CONNECTION_BAD,
		  text, PQerrorMessage(conn));
	PQclear(result);
	PQreset(conn);
	snprintf(text, sizeof(text), "%s: reset after silence", name);
	check(is_up(conn), text, PQerrorMessage(conn));
	PQfinish(conn);
}

static void
alive(const char *dsn, const char *name)
{
	PGconn	   *conn = PQconnectdb(dsn),
			   *other = PQconnectdb(dsn);
	char		text[2000];
	double		start = now_ms();

	snprintf(text, sizeof(text), "%s: alive", name);
	check(pqp_conn_is_alive(conn) == 1 && pqp_conn_is_alive(conn) == 1 && is_up(conn), text, PQerrorMessage(conn));
	PQclear(PQexec(conn, "LISTEN x"));
	PQclear(PQexec(other, "NOTIFY x"));
	usleep(200000);
	snprintf(text, sizeof(text), "%s: alive with something to read", name);
	check(pqp_conn_is_alive(conn) == 1, text, PQerrorMessage(conn));
	PQconsumeInput(conn);
	{
		PGnotify   *notify = PQnotifies(conn);

		snprintf(text, sizeof(text), "%s: nothing is lost by asking", name);
		check(notify != NULL, text, "no notification");
		PQfreemem(notify);
	}
	snprintf(text, sizeof(text), "SELECT pg_terminate_backend(%d)", PQbackendPID(conn));
	PQclear(PQexec(other, text));
	while (pqp_conn_is_alive(conn) && now_ms() - start < 20000)
		usleep(1000);
	snprintf(text, sizeof(text), "%s: not alive when terminated", name);
	check(pqp_conn_is_alive(conn) == 0, text, "still alive");
	PQfinish(conn);
	PQfinish(other);
}

static void
near(void)
{
	char		tls[500];

	snprintf(tls, sizeof(tls), "host=127.0.0.1 port=%s user=postgres dbname=postgres sslmode=require", getenv("PQP_PORT18"));
	silence(getenv("PQP_DSN18"), "unix");
	silence(tls, "tls");
	alive(getenv("PQP_DSN18"), "unix");
	alive(tls, "tls");
	check(pqp_conn_is_alive(NULL) == 0, "NULL is not alive", "");
}

/* ---- far ---- */

#define GOOD "user=postgres dbname=postgres port=5432 "

static const char *const LEFT[] = {
	GOOD "host=stall.test",
	GOOD "host=stall.test connect_timeout=30",
	GOOD "host=10.77.0.3 connect_timeout=30",
	GOOD "host=10.77.0.3,10.77.0.5,10.77.0.6 connect_race_delay_ms=0",
	GOOD "host=10.77.0.3,10.77.0.5,10.77.0.6 host_probe=parallel connect_deadline_ms=30000",
	GOOD "host=stall.test,10.77.0.5 host_probe=parallel",
};

static void
left_alone(void)
{
	for (size_t i = 0; i < sizeof(LEFT) / sizeof(*LEFT); i++)
		for (int polls = 0; polls < 4; polls++)
		{
			int			before = open_fds();
			double		start = now_ms();
			PGconn	   *conn = PQconnectStart(LEFT[i]);

			for (int n = 0; n < polls; n++)
			{
				struct pollfd entry = {PQsocket(conn), POLLIN, 0};

				PQconnectPoll(conn);
				poll(&entry, 1, 20);
			}
			PQfinish(conn);
			check(now_ms() - start < 5000 && closed_again(before), LEFT[i], "slow, or descriptors stayed open");
		}
}

static void
inherited(const char *conninfo, int up_in_child)
{
	for (int polls = 0; polls < 3; polls++)
	{
		PGconn	   *conn = PQconnectStart(conninfo);
		PostgresPollingStatusType status;
		pid_t		child;
		int			result;
		char		name[300];

		for (int n = 0; n < polls; n++)
			PQconnectPoll(conn);
		child = fork();
		if (child == 0)
		{
			status = drive(conn);
			/* at once, in a child of a process with threads */
			_exit(status == PGRES_POLLING_OK ? 10 : status == PGRES_POLLING_FAILED ? 11 : 12);
		}
		status = drive(conn);
		snprintf(name, sizeof(name), "parent goes on after fork at poll %d: %s", polls, conninfo);
		check(status == PGRES_POLLING_OK && is_up(conn), name, PQerrorMessage(conn));
		waitpid(child, &result, 0);
		snprintf(name, sizeof(name), "child does not hang after fork at poll %d: %s", polls, conninfo);
		check(WIFEXITED(result) && (WEXITSTATUS(result) == 11 || (up_in_child && WEXITSTATUS(result) == 10)), name, "it does");
		PQfinish(conn);
	}
}

static void
on_alarm(int signal)
{
	(void) signal;
}

static void
interrupted(void)
{
	static const char *const each[] = {
		GOOD "host=good.test",
		GOOD "host=good.test connect_deadline_ms=30000",
		GOOD "host=10.77.0.5,10.77.0.2 connect_timeout=1",
		GOOD "host=10.77.0.3,10.77.0.2 connect_race_delay_ms=100",
		GOOD "host=10.78.0.2 connect_timeout=30",
	};
	struct sigaction action = {0};
	struct itimerval often = {{0, 700}, {0, 700}},
				never = {{0, 0}, {0, 0}};

	action.sa_handler = on_alarm;	/* no SA_RESTART */
	sigaction(SIGALRM, &action, NULL);
	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++)
	{
		PGconn	   *conn;
		int			before = open_fds();
		char		name[300];

		setitimer(ITIMER_REAL, &often, NULL);
		conn = PQconnectdb(each[i]);
		setitimer(ITIMER_REAL, &never, NULL);
		snprintf(name, sizeof(name), "interrupted all the time: %s", each[i]);
		check(PQstatus(conn) == CONNECTION_OK && is_up(conn), name, PQerrorMessage(conn));
		PQfinish(conn);
		check(closed_again(before), name, "descriptors stayed open");
	}
}

int
main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "near"))
		near();
	else
	{
		inherited(GOOD "host=good.test", 1);
		inherited(GOOD "host=good.test connect_timeout=30", 1);
		inherited(GOOD "host=10.77.0.3,10.77.0.2 connect_race_delay_ms=100", 1);
		interrupted();
		left_alone();
	}
	return failed;
}
