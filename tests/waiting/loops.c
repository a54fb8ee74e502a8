/*
 * Connects as programs do that have a loop of their own, and says what it took.
 *
 * usage: loops LOOP WHAT CONNINFO
 *
 * LOOP: blocking, select, poll, epoll (registered anew after each PQconnectPoll), epoll-once (registered
 * again only where the number of the descriptor has changed), epoll-stay (registered once, before the first
 * PQconnectPoll, and never again), psycopg (epoll, with PQconnectPoll at once), uv (libuv, where built with it).
 * WHAT: connect; again (connect and finish, and once more after a line on standard input, with a line of output
 * each); reset (connect, then PQresetStart); cancel (connect by PQconnectdb, then PQcancelStart). The last two wait for a
 * line on standard input in between, too.
 *
 * Prints: "up HOSTADDR PORT" or "failed", wake-ups, milliseconds, the longest that a call kept us, descriptors that stayed open after the end,
 * whether the descriptor that was first is that of the connection, and the error text on one line.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef WITH_UV
#include <uv.h>
#endif

#include "libpq-fe.h"
#include "measure.h"

/* Longer than anything here may take: only a hang gets there. LOOPS_PATIENCE_MS in the environment is another. */
static int patience_ms = 60000;

static int wakeups;
static int first_fd;

static void
die(const char *what)
{
	printf("died: %s: %s\n", what, strerror(errno));
	exit(3);
}

/* One attempt, of whatever kind. */
typedef struct
{
	void *object;
	PostgresPollingStatusType (*poll) (void *);
	int (*socket) (void *);
} Attempt;

static PostgresPollingStatusType connect_poll(void *c) { return PQconnectPoll(c); }
static PostgresPollingStatusType reset_poll(void *c) { return PQresetPoll(c); }
static PostgresPollingStatusType cancel_poll(void *c) { return PQcancelPoll(c); }
static int connect_socket(void *c) { return PQsocket(c); }
static int cancel_socket(void *c) { return PQcancelSocket(c); }

/* The longest that one call has kept us. */
static double kept_ms;

static PostgresPollingStatusType
step(Attempt *a)
{
	PostgresPollingStatusType status;
	double		start = now_ms();

	wakeups++;
	if (wakeups > 500)
	{
		printf("busy: more than 500 wake-ups\n");
		exit(3);
	}
	status = a->poll(a->object);
	if (now_ms() - start > kept_ms)
		kept_ms = now_ms() - start;
	return status;
}

static int
ended(PostgresPollingStatusType status)
{
	return status != PGRES_POLLING_READING && status != PGRES_POLLING_WRITING;
}

static void
by_select(Attempt *a)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	while (!ended(status))
	{
		fd_set set;
		struct timeval patience = {patience_ms / 1000, 0};
		int fd = a->socket(a->object);

		FD_ZERO(&set);
		FD_SET(fd, &set);
		if (select(fd + 1, status == PGRES_POLLING_READING ? &set : NULL,
				   status == PGRES_POLLING_WRITING ? &set : NULL, NULL, &patience) < 1)
			die("select");
		status = step(a);
	}
}

static void
by_poll(Attempt *a)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	while (!ended(status))
	{
		struct pollfd entry = {a->socket(a->object), status == PGRES_POLLING_READING ? POLLIN : POLLOUT, 0};

		if (poll(&entry, 1, patience_ms) < 1)
			die("poll");
		if (entry.revents & POLLNVAL)
			die("poll: closed descriptor");
		status = step(a);
	}
}

enum Registering
{
	ANEW, ONCE, STAY
};

static void
by_epoll(Attempt *a, enum Registering how, int poll_first)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;
	int set = epoll_create1(EPOLL_CLOEXEC);
	int registered = -1;
	unsigned registered_for = 0;

	if (poll_first)
		status = step(a);
	while (!ended(status))
	{
		struct epoll_event event = {status == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT, {0}};
		int fd = a->socket(a->object);

		if (how == STAY && registered >= 0)
		{
			if (fd != registered)
				die("the descriptor has changed");
			if (event.events != registered_for && epoll_ctl(set, EPOLL_CTL_MOD, fd, &event))
				die("epoll_ctl(MOD)");
		}
		else if (how == ANEW || fd != registered)
		{
			if (registered >= 0)
				epoll_ctl(set, EPOLL_CTL_DEL, registered, NULL);
			if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event))
				die("epoll_ctl(ADD)");
		}
		else if (event.events != registered_for && epoll_ctl(set, EPOLL_CTL_MOD, fd, &event))
			die("epoll_ctl(MOD)");
		registered = fd;
		registered_for = event.events;
		if (epoll_wait(set, &event, 1, patience_ms) < 1)
			die("epoll_wait");
		status = step(a);
	}
	close(set);
}

#ifdef WITH_UV
typedef struct
{
	Attempt *attempt;
	uv_poll_t *handle;
	int fd;
	int live;
} UvState;

static void uv_arm(UvState *state, PostgresPollingStatusType status);

static void
uv_freed(uv_handle_t *handle)
{
	free(handle);
}

static void
uv_ready(uv_poll_t *handle, int status, int events)
{
	UvState *state = handle->data;

	(void) status;
	(void) events;
	uv_arm(state, step(state->attempt));
}

static void
uv_arm(UvState *state, PostgresPollingStatusType status)
{
	int fd = state->attempt->socket(state->attempt->object);

	if (ended(status) || fd != state->fd)
	{
		if (state->handle)
		{
			uv_poll_stop(state->handle);
			uv_close((uv_handle_t *) state->handle, uv_freed);
			state->handle = NULL;
		}
		if (ended(status))
			return;
		state->handle = malloc(sizeof(uv_poll_t));
		if (uv_poll_init(uv_default_loop(), state->handle, fd))
			die("uv_poll_init");
		state->handle->data = state;
		state->fd = fd;
	}
	uv_poll_start(state->handle, status == PGRES_POLLING_READING ? UV_READABLE : UV_WRITABLE, uv_ready);
}

static void
by_uv(Attempt *a)
{
	UvState state = {a, NULL, -1, 1};

	uv_arm(&state, PGRES_POLLING_WRITING);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
#endif

static void
drive(Attempt *a, const char *loop)
{
	first_fd = a->socket(a->object);
	if (!strcmp(loop, "select"))
		by_select(a);
	else if (!strcmp(loop, "poll"))
		by_poll(a);
	else if (!strcmp(loop, "epoll"))
		by_epoll(a, ANEW, 0);
	else if (!strcmp(loop, "epoll-once"))
		by_epoll(a, ONCE, 0);
	else if (!strcmp(loop, "epoll-stay"))
		by_epoll(a, STAY, 0);
	else if (!strcmp(loop, "psycopg"))
		by_epoll(a, ONCE, 1);
#ifdef WITH_UV
	else if (!strcmp(loop, "uv"))
		by_uv(a);
#endif
	else
		die("no such loop");
}

static void
wait_for_line(void)
{
	int			c;

	printf("ready\n");
	fflush(stdout);
	while ((c = getchar()) != '\n')
		if (c == EOF)
			die("stdin");
}

static void
once(const char *loop, const char *what, const char *conninfo)
{
	int			before,
				left,
				up,
				same;
	double		start,
				took;
	PGconn	   *conn;
	PGcancelConn *cancel = NULL;
	char		text[8192],
				where[300] = "";
	int			tries;

	wakeups = 0;
	kept_ms = 0;
	before = open_fds();
	start = now_ms();
	if (!strcmp(loop, "blocking"))
	{
		conn = PQconnectdb(conninfo);
	}
	else if (!strcmp(what, "cancel") || !strcmp(what, "reset"))
	{
		Attempt		a = {NULL, reset_poll, connect_socket};

		conn = PQconnectdb(conninfo);
		if (PQstatus(conn) != CONNECTION_OK)
			die(PQerrorMessage(conn));
		a.object = conn;
		if (!strcmp(what, "cancel"))
		{
			cancel = PQcancelCreate(conn);
			a = (Attempt) {cancel, cancel_poll, cancel_socket};
		}
		/* the peer changes its ways now, if it has any others */
		wait_for_line();
		start = now_ms();
		if (cancel ? !PQcancelStart(cancel) : !PQresetStart(conn))
			die("start");
		kept_ms = now_ms() - start;
		drive(&a, loop);
	}
	else
	{
		Attempt		a = {NULL, connect_poll, connect_socket};

		conn = PQconnectStart(conninfo);
		kept_ms = now_ms() - start;
		a.object = conn;
		if (PQstatus(conn) != CONNECTION_BAD)
			drive(&a, loop);
	}
	took = now_ms() - start;
	if (cancel)
	{
		up = PQcancelStatus(cancel) == CONNECTION_OK;
		snprintf(text, sizeof(text), "%s", PQcancelErrorMessage(cancel));
		same = 0;
	}
	else
	{
		up = PQstatus(conn) == CONNECTION_OK;
		snprintf(text, sizeof(text), "%s", PQerrorMessage(conn));
		same = up && PQsocket(conn) == first_fd;
		if (up)
		{
			struct stat st;
			PGresult   *result = PQexec(conn, "SELECT 1");

			if (PQresultStatus(result) != PGRES_TUPLES_OK)
				die(PQerrorMessage(conn));
			PQclear(result);
			if (fstat(PQsocket(conn), &st) || !S_ISSOCK(st.st_mode))
				die("PQsocket is no socket");
			snprintf(where, sizeof(where), " %s %s", PQhostaddr(conn), PQport(conn));
		}
	}
	if (cancel)
		PQcancelFinish(cancel);
	PQfinish(conn);
#ifdef WITH_UV
	if (!strcmp(loop, "uv"))
		before = open_fds();	/* the loop's own are there to stay */
#endif
	/* A thread that was told to end does so in a moment. */
	for (tries = 0; (left = open_fds() - before) > 0 && tries < 200; tries++)
		usleep(10000);
	for (char *c = text; *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = '|';
	printf("%s%s\twakeups %d\tms %.1f\tkept_ms %.1f\tleft %d\tsame %d\t%s\n", up ? "up" : "failed", where, wakeups, took,
		   kept_ms, left, same, text);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	const char *patience = getenv("LOOPS_PATIENCE_MS");

	if (argc != 4)
		return 2;
	if (patience)
		patience_ms = atoi(patience);
	/* what libraries open for themselves, once */
	PQfinish(PQconnectStart("host=/nonexistent"));
#ifdef WITH_UV
	if (!strcmp(argv[1], "uv"))
		uv_default_loop();
#endif
	once(argv[1], argv[2], argv[3]);
	if (!strcmp(argv[2], "again"))
	{
		wait_for_line();
		once(argv[1], argv[2], argv[3]);
	}
	return 0;
}
