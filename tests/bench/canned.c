/*
 * A server that answers from memory, so that in a run against it the client is what takes time:
 * what a request was answered with by a real server, it says again whenever the same request comes,
 * to as many clients as there are.
 *
 *   canned SOCKET UPSTREAM
 *
 * Both are paths of Unix sockets; the real server trusts user postgres there. It prints "ready",
 * and ends when its standard input does.
 *
 * A request is what a client sends up to a Query or Sync, byte for byte. Comments in it ask for more:
 *
 *   x1000         the rows of the answer a thousand times
 *   value 1000    the rows replaced by one, of one value with so many bytes
 *
 * each between the usual signs of an SQL comment, without blanks beside them.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Repeated bytes are laid out to this much, so that a send has something to send. */
#define REPEATED (1 << 20)
#define RECEIVE (1 << 18)

typedef struct bytes
{
	char	   *at;
	size_t		length;
	size_t		room;
} bytes;

/* `total` bytes: `length` at `at`, again and again. */
typedef struct segment
{
	const char *at;
	size_t		length;
	size_t		total;
} segment;

typedef struct answer
{
	bytes		request;
	bytes		said;			/* what the segments point into */
	bytes		repeated;
	segment		segments[5];
	int			count;
	int			copy_in;		/* the last segment is what follows CopyDone */
	struct answer *next;
} answer;

typedef struct client
{
	int			fd;
	int			started;
	int			copying;
	int			full;			/* epoll waits for room in the socket */
	size_t		skip;			/* of a CopyData's body, still to come */
	bytes		in;
	size_t		unit;			/* where the messages of the current request end */
	const answer *to_say;
	int			segment;
	int			last;			/* one past the last segment to say now */
	size_t		position;
} client;

static answer *answers;
static bytes greeting;
static int	upstream;
static int	loop;

static void
die(const char *what)
{
	fprintf(stderr, "canned: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
append(bytes *b, const void *data, size_t length)
{
	if (b->length + length > b->room)
	{
		b->room = (b->length + length) * 2;
		b->at = realloc(b->at, b->room);
		if (b->at == NULL)
			die("memory");
	}
	if (data != NULL)
		memcpy(b->at + b->length, data, length);
	b->length += length;
}

static uint32_t
word(const char *at)
{
	const unsigned char *u = (const unsigned char *) at;

	return (uint32_t) u[0] << 24 | (uint32_t) u[1] << 16 | (uint32_t) u[2] << 8 | u[3];
}

static void
put_word(bytes *b, uint32_t value)
{
	unsigned char u[4] = {(unsigned char) (value >> 24), (unsigned char) (value >> 16),
		(unsigned char) (value >> 8), (unsigned char) value};

	append(b, u, 4);
}

/* ---- the real server ---- */

static int
unix_socket(const char *path, struct sockaddr_un *address)
{
	int			fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof address->sun_path)
		die("socket");
	memset(address, 0, sizeof *address);
	address->sun_family = AF_UNIX;
	strcpy(address->sun_path, path);
	return fd;
}

static void
tell_upstream(const void *data, size_t length)
{
	const char *at = data;

	while (length > 0)
	{
		ssize_t		n = send(upstream, at, length, MSG_NOSIGNAL);

		if (n <= 0)
			die("sending upstream");
		at += n;
		length -= (size_t) n;
	}
}

/*
 * Appends messages up to ReadyForQuery, or up to CopyInResponse; says which. Notes where the rows
 * (DataRow or CopyData) begin and end.
 */
static char
hear_upstream(bytes *b, size_t *rows, size_t *rows_end)
{
	size_t		at = b->length;

	*rows = *rows_end = 0;
	for (;;)
	{
		ssize_t		n;

		while (b->length - at >= 5 && b->length - at >= 1 + (size_t) word(b->at + at + 1))
		{
			char		type = b->at[at];
			size_t		end = at + 1 + word(b->at + at + 1);

			if (type == 'D' || type == 'd')
			{
				if (*rows == 0)
					*rows = at;
				*rows_end = end;
			}
			at = end;
			if (type == 'Z' || type == 'G')
				return type;
		}
		append(b, NULL, RECEIVE);
		b->length -= RECEIVE;
		n = recv(upstream, b->at + b->length, RECEIVE, 0);
		if (n <= 0)
			die("receiving from upstream");
		b->length += (size_t) n;
	}
}

static void
greet_upstream(const char *path)
{
	static const char parameters[] = "user\0postgres\0database\0postgres\0";
	struct sockaddr_un address;
	bytes		startup = {0};
	size_t		rows,
				rows_end;

	upstream = unix_socket(path, &address);
	if (connect(upstream, (struct sockaddr *) &address, sizeof address) != 0)
		die(path);
	put_word(&startup, 8 + sizeof parameters);
	put_word(&startup, 3 << 16);
	append(&startup, parameters, sizeof parameters);
	tell_upstream(startup.at, startup.length);
	free(startup.at);
	hear_upstream(&greeting, &rows, &rows_end);
}

/* ---- answers ---- */

/* The number behind this mark in the request; 0 where it is not. */
static size_t
asked(const bytes *request, const char *mark)
{
	const char *found = memmem(request->at, request->length, mark, strlen(mark));
	size_t		value = 0;

	if (found != NULL)
		for (found += strlen(mark); *found >= '0' && *found <= '9'; found++)
			value = value * 10 + (size_t) (*found - '0');
	return value;
}

static void
segment_add(answer *a, const char *at, size_t length, size_t total)
{
	segment		s = {at, length, total};

	if (total > 0)
		a->segments[a->count++] = s;
}

/* `times` times the data, laid out so that pieces to send are large. */
static void
repeat(answer *a, const char *data, size_t length, size_t times)
{
	size_t		laid = 0;

	while (laid < times && a->repeated.length < REPEATED)
	{
		append(&a->repeated, data, length);
		laid++;
	}
	segment_add(a, a->repeated.at, a->repeated.length, length * times);
}

static answer *
learn(const char *request, size_t length)
{
	answer	   *a = calloc(1, sizeof *a);
	size_t		rows,
				rows_end,
				ending,
				times,
				value;

	if (a == NULL)
		die("memory");
	append(&a->request, request, length);
	tell_upstream(request, length);
	a->copy_in = hear_upstream(&a->said, &rows, &rows_end) == 'G';
	ending = a->said.length;
	if (a->copy_in)
	{
		static const char copy_done[] = {'c', 0, 0, 0, 4};
		size_t		no_rows;

		tell_upstream(copy_done, sizeof copy_done);
		hear_upstream(&a->said, &no_rows, &no_rows);
	}
	times = asked(&a->request, "/*x");
	value = asked(&a->request, "/*value ");
	if (value > 0 && rows > 0)
	{
		static char xs[1];
		bytes		header = {0};

		xs[0] = 'x';
		append(&header, "D", 1);
		put_word(&header, (uint32_t) (4 + 2 + 4 + value));
		append(&header, "\0\1", 2);
		put_word(&header, (uint32_t) value);
		segment_add(a, a->said.at, rows, rows);
		segment_add(a, header.at, header.length, header.length);
		repeat(a, xs, 1, value);
		segment_add(a, a->said.at + rows_end, ending - rows_end, ending - rows_end);
	}
	else if (times > 1 && rows > 0)
	{
		segment_add(a, a->said.at, rows, rows);
		repeat(a, a->said.at + rows, rows_end - rows, times);
		segment_add(a, a->said.at + rows_end, ending - rows_end, ending - rows_end);
	}
	else
	{
		segment_add(a, a->said.at, ending, ending);
		segment_add(a, a->said.at + ending, a->said.length - ending, a->said.length - ending);
	}
	a->next = answers;
	answers = a;
	return a;
}

static const answer *
answer_to(const char *request, size_t length)
{
	const answer *a;

	for (a = answers; a != NULL; a = a->next)
		if (a->request.length == length && memcmp(a->request.at, request, length) == 0)
			return a;
	return learn(request, length);
}

/* ---- clients ---- */

static void
leave(client *c)
{
	close(c->fd);
	free(c->in.at);
	free(c);
}

static void
wait_for(client *c, uint32_t events)
{
	struct epoll_event e = {events, {.ptr = c}};

	if (epoll_ctl(loop, EPOLL_CTL_MOD, c->fd, &e) != 0)
		die("epoll_ctl");
	c->full = (events & EPOLLOUT) != 0;
}

/* Says what is to be said; -1 when the client is gone, 0 when its socket is full, 1 when all is said. */
static int
say(client *c)
{
	while (c->segment < c->last)
	{
		const segment *s = &c->to_say->segments[c->segment];
		size_t		at = c->position % s->length,
					piece = s->length - at;
		ssize_t		n;

		if (piece > s->total - c->position)
			piece = s->total - c->position;
		n = send(c->fd, s->at + at, piece, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
		{
			if (errno != EAGAIN)
				return -1;
			if (!c->full)
				wait_for(c, EPOLLOUT);
			return 0;
		}
		c->position += (size_t) n;
		if (c->position == s->total)
		{
			c->segment++;
			c->position = 0;
		}
	}
	if (c->full)
		wait_for(c, EPOLLIN);
	return 1;
}

static int
begin(client *c, const answer *a, int from, int to)
{
	c->to_say = a;
	c->segment = from;
	c->last = to;
	c->position = 0;
	return say(c);
}

static int
greet(client *c)
{
	/* short enough for any socket */
	return send(c->fd, greeting.at, greeting.length, MSG_NOSIGNAL) == (ssize_t) greeting.length ? 1 : -1;
}

static void
drop(client *c, size_t length)
{
	memmove(c->in.at, c->in.at + length, c->in.length - length);
	c->in.length -= length;
}

/* Looks at what has come, as long as there is a whole message and nothing left to say. */
static int
understand(client *c)
{
	int			state = 1;
	size_t		at = c->unit;	/* messages before it are whole, and belong to the request that begins the buffer */

	while (state == 1)
	{
		size_t		left = c->in.length - at;
		const char *message = c->in.at + at;
		size_t		whole;

		if (!c->started)
		{
			if (left < 8 || left < word(message))
				break;
			switch (word(message + 4))
			{
				case 80877103:	/* SSLRequest */
				case 80877104:	/* GSSENCRequest */
					state = send(c->fd, "N", 1, MSG_NOSIGNAL) == 1 ? 1 : -1;
					break;
				case 80877102:	/* CancelRequest */
					return -1;
				default:
					c->started = 1;
					state = greet(c);
			}
			drop(c, word(message));
			continue;
		}
		if (c->skip > 0)
		{
			size_t		skipped = left < c->skip ? left : c->skip;

			c->skip -= skipped;
			at += skipped;
			if (c->skip > 0)
				break;
			continue;
		}
		if (left < 5)
			break;
		whole = 1 + (size_t) word(message + 1);
		if (c->copying && *message == 'd')
		{
			c->skip = whole;
			continue;
		}
		if (left < whole)
			break;
		at += whole;
		if (c->copying)
		{
			if (*message == 'c' || *message == 'f')
			{
				c->copying = 0;
				state = begin(c, c->to_say, c->to_say->count - 1, c->to_say->count);
				drop(c, at);
				at = 0;
			}
		}
		else if (*message == 'X')
			return -1;
		else if (*message == 'Q' || *message == 'S')
		{
			const answer *a = answer_to(c->in.at, at);

			c->copying = a->copy_in;
			state = begin(c, a, 0, a->copy_in ? a->count - 1 : a->count);
			drop(c, at);
			at = 0;
		}
	}
	if (c->copying)
	{
		drop(c, at);
		at = 0;
	}
	c->unit = at;
	return state;
}

static void
serve(client *c)
{
	int			state = 1;

	if (c->full)
		state = say(c);
	if (state == 1 && c->in.length > c->unit)
		state = understand(c);
	while (state == 1)
	{
		ssize_t		n;

		append(&c->in, NULL, RECEIVE);
		c->in.length -= RECEIVE;
		n = recv(c->fd, c->in.at + c->in.length, RECEIVE, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
		{
			state = -1;
			break;
		}
		c->in.length += (size_t) n;
		state = understand(c);
	}
	if (state < 0)
		leave(c);
	else if (c->in.length == 0)
	{
		/* ten thousand of them shall not keep a buffer each */
		free(c->in.at);
		memset(&c->in, 0, sizeof c->in);
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_un address;
	struct rlimit files;
	int			listener;
	struct epoll_event ready[256],
				quit = {EPOLLIN, {.ptr = &loop}},
				knock = {EPOLLIN, {.ptr = &listener}};

	if (argc != 3)
	{
		fputs("usage: canned SOCKET UPSTREAM\n", stderr);
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	greet_upstream(argv[2]);
	listener = unix_socket(argv[1], &address);
	unlink(argv[1]);
	if (bind(listener, (struct sockaddr *) &address, sizeof address) != 0 || listen(listener, 4096) != 0)
		die(argv[1]);
	loop = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(loop, EPOLL_CTL_ADD, 0, &quit) != 0 || epoll_ctl(loop, EPOLL_CTL_ADD, listener, &knock) != 0)
		die("epoll_ctl");
	puts("ready");
	fflush(stdout);
	for (;;)
	{
		int			found = epoll_wait(loop, ready, 256, -1),
					i;

		for (i = 0; i < found; i++)
		{
			if (ready[i].data.ptr == &loop)
			{
				unlink(argv[1]);
				return 0;
			}
			if (ready[i].data.ptr == &listener)
			{
				client	   *c = calloc(1, sizeof *c);
				struct epoll_event e = {EPOLLIN, {.ptr = c}};

				if (c == NULL)
					die("memory");
				c->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
				if (c->fd < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, c->fd, &e) != 0)
					die("accepting");
			}
			else
				serve(ready[i].data.ptr);
		}
	}
}
