/*
 * The other end of a connection, played by the program itself: one thread, so what each side has said when the other
 * looks is known exactly. Include helpers.h first.
 */
#ifndef BACKEND_H
#define BACKEND_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A listening socket in the current directory, for port 5001, and the options to get there. */
MAYBE_UNUSED static int
listen_unix(const char *directory, char *options, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int			fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/.s.PGSQL.5001", directory);
	unlink(address.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) != 0 || listen(fd, 8) != 0)
		die("listen");
	snprintf(options, size, "host=%s port=5001 user=u dbname=d sslmode=disable gssencmode=disable", directory);
	return fd;
}

/* A listening socket on 127.0.0.1; the port is the system's choice. */
MAYBE_UNUSED static int
listen_tcp(int *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t	length = sizeof(address);
	int			fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) != 0 || listen(fd, 8) != 0 ||
		getsockname(fd, (struct sockaddr *) &address, &length) != 0)
		die("listen");
	*port = ntohs(address.sin_port);
	return fd;
}

/* Exactly n bytes; a client that closes or says less within 20 seconds ends the program. */
MAYBE_UNUSED static void
hear_bytes(int fd, char *to, size_t n)
{
	size_t		have = 0;

	while (have < n)
	{
		struct pollfd p = {.fd = fd,.events = POLLIN};
		ssize_t		got;

		if (poll(&p, 1, 20000) != 1 || (got = read(fd, to + have, n - have)) <= 0)
		{
			printf("the client says nothing more\n");
			exit(95);
		}
		have += (size_t) got;
	}
}

/* One packet without a type, as a connection begins. Its body, length word not included. */
MAYBE_UNUSED static size_t
hear_startup(int fd, char *body, size_t size)
{
	uint32_t	length;

	hear_bytes(fd, (char *) &length, 4);
	length = ntohl(length) - 4;
	if (length > size)
		exit(94);
	hear_bytes(fd, body, length);
	return length;
}

/* One message, shown. */
MAYBE_UNUSED static char
hear(int fd)
{
	static char body[65536];
	uint32_t	length;
	char		type;

	hear_bytes(fd, &type, 1);
	hear_bytes(fd, (char *) &length, 4);
	length = ntohl(length) - 4;
	if (length > sizeof(body))
		exit(94);
	hear_bytes(fd, body, length);
	printf("  heard %c ", type);
	show_bytes(body, length);
	putchar('\n');
	return type;
}

/* What the client has sent and nobody has read. */
MAYBE_UNUSED static int
unheard(int fd)
{
	int			n = -1;

	ioctl(fd, FIONREAD, &n);
	return n;
}

MAYBE_UNUSED static void
say_bytes(int fd, const char *bytes, size_t n)
{
	while (n > 0)
	{
		ssize_t		sent = write(fd, bytes, n);

		if (sent <= 0)
			die("say");
		bytes += sent;
		n -= (size_t) sent;
	}
}

/* A message of this type with this body. */
MAYBE_UNUSED static void
say(int fd, char type, const char *body, size_t n)
{
	uint32_t	length = htonl((uint32_t) n + 4);

	say_bytes(fd, &type, 1);
	say_bytes(fd, (char *) &length, 4);
	say_bytes(fd, body, n);
}

#define SAY(fd, type, text) say(fd, type, text, sizeof(text) - 1)

/* What an honest server says when it lets one in. */
MAYBE_UNUSED static void
welcome(int fd)
{
	SAY(fd, 'R', "\0\0\0\0");
	SAY(fd, 'S', "server_version\00018.6\0");
	SAY(fd, 'S', "client_encoding\0UTF8\0");
	SAY(fd, 'S', "standard_conforming_strings\0on\0");
	SAY(fd, 'K', "\0\0\0\7\1\2\3\4");
	SAY(fd, 'Z', "I");
}

/* Polls until the client waits for the server or is through. */
MAYBE_UNUSED static PostgresPollingStatusType
poll_until_reading(PGconn *conn, PostgresPollingStatusType next)
{
	int			i;

	for (i = 0; i < 100 && next == PGRES_POLLING_WRITING; i++)
	{
		wait_socket(conn, true);
		next = PQconnectPoll(conn);
	}
	return next;
}

/* Polls on when the server has spoken: as far as that goes, or to the end. */
MAYBE_UNUSED static PostgresPollingStatusType
poll_on(PGconn *conn, bool to_the_end)
{
	PostgresPollingStatusType next = PGRES_POLLING_READING;
	int			i;

	for (i = 0; i < 1000 && next == PGRES_POLLING_READING; i++)
	{
		struct pollfd p = {.fd = PQsocket(conn),.events = POLLIN};

		if (PQsocket(conn) < 0 || poll(&p, 1, i == 0 || to_the_end ? 20000 : 0) != 1)
			break;
		next = PQconnectPoll(conn);
		if (next == PGRES_POLLING_WRITING)
			next = poll_until_reading(conn, next);
	}
	return next;
}

/* The error text, the port aside, which is the system's choice. */
MAYBE_UNUSED static void
show_error_without_port(PGconn *conn, int port)
{
	char		number[16];
	const char *text = PQerrorMessage(conn);
	const char *found;

	snprintf(number, sizeof(number), "%d", port);
	printf("  error:");
	while ((found = strstr(text, number)) != NULL)
	{
		putchar(' ');
		show_bytes(text, (size_t) (found - text));
		printf(" port");
		text = found + strlen(number);
	}
	putchar(' ');
	show_text(text);
	putchar('\n');
}

/* A connection that is up, and its other end. */
MAYBE_UNUSED static PGconn *
connected(int listening, const char *options, int *end)
{
	char		body[4096];
	PGconn	   *conn = PQconnectStart(options);

	if (poll_until_reading(conn, PGRES_POLLING_WRITING) != PGRES_POLLING_READING ||
		(*end = accept(listening, NULL, NULL)) < 0)
	{
		printf("no connection: %s\n", PQerrorMessage(conn));
		exit(93);
	}
	hear_startup(*end, body, sizeof(body));
	welcome(*end);
	if (poll_on(conn, true) != PGRES_POLLING_OK)
	{
		printf("not let in: %s\n", PQerrorMessage(conn));
		exit(93);
	}
	return conn;
}

#endif
