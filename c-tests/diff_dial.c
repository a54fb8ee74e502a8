/*
 * Where a connection goes: hosts, addresses and ports, which is tried next, what is said of each failure, and how its
 * socket is set up. The program plays the servers there are.
 */
/* covers: 63 64 65 66 67 68 69 70 71 72 73 74 75 76 78 82 84 85 86 87 88 89 90 92 94 97 108 113 114 142 143 144 145 */
#include "helpers.h"
#include "backend.h"

#include <sys/stat.h>

#define PLAIN "user=u dbname=d sslmode=disable gssencmode=disable "

static char directory[2048];

static void
show_place(PGconn *conn)
{
	printf("  host=");
	show_text(PQhost(conn));
	printf(" hostaddr=");
	show_text(PQhostaddr(conn));
	printf(" port=");
	show_text(PQport(conn));
	printf(" status=%d socket=%s\n", PQstatus(conn), PQsocket(conn) >= 0 ? "open" : "none");
}

static void
fails(const char *options)
{
	char		all[4096];
	PGconn	   *conn;

	show_text(options);
	putchar('\n');
	snprintf(all, sizeof(all), PLAIN "%s", options);
	conn = PQconnectdb(all);
	show_place(conn);
	ERR(conn);
	INT(PQping(all));
	PQfinish(conn);
}

static void
nobody_there(void)
{
	char		longer[256];
	char		text[4096];
	int			n;

	CASE("nobody there");
	fails("host=/nonexistent port=5001");
	fails("host=/nonexistent");
	fails("host=@nobody port=5001");
	fails("host=127.0.0.1 port=1");
	fails("hostaddr=127.0.0.1 port=1");
	fails("host=some.name hostaddr=127.0.0.1 port=1");
	fails("host=/nonexistent hostaddr=127.0.0.1 port=1");
	fails("host=localhost port=1");
	fails("host=127.1 port=1");
	fails("host=::1 port=1");
	fails("hostaddr=0:0:0:0:0:0:0:1 port=1");
	fails("host=no-such-host.invalid port=1");
	fails("hostaddr=no-number port=1");
	fails("hostaddr=localhost port=1");
	CASE("ports");
	fails("host=/nonexistent port=0");
	fails("host=/nonexistent port=65535");
	fails("host=/nonexistent port=65536");
	fails("host=/nonexistent port=-1");
	fails("host=/nonexistent port='  7 '");
	fails("host=/nonexistent port=7x");
	fails("host=/nonexistent port=0x10");
	fails("host=/nonexistent port=99999999999");
	fails("host=/nonexistent port=''");
	CASE("several");
	fails("host=/nonexistent,/nonexistent/too port=1,2");
	fails("host=/nonexistent,/nonexistent/too port=3");
	fails("host=/nonexistent,,/nonexistent/too port=3,,4 hostaddr=,127.0.0.1,");
	fails("host=/nonexistent,127.0.0.1,no-such-host.invalid port=1");
	fails("host=/nonexistent,/nonexistent/too,/nonexistent/three port=1,70000,2");
	fails("host=/nonexistent,/nonexistent/too,/nonexistent/three port=1,x,2");
	fails("hostaddr=127.0.0.1,nonsense,127.0.0.2 port=1");
	fails("host=a,b hostaddr=127.0.0.1,127.0.0.2 port=1");
	fails("host=a,b hostaddr=127.0.0.1,127.0.0.2,127.0.0.3 port=1");
	fails("host=a,b hostaddr=127.0.0.1 port=1");
	fails("host=/nonexistent,/nonexistent port=1,2,3");
	fails("host=/nonexistent port=1,2");
	CASE("paths that are long");
	for (n = 90; n <= 100; n++)
	{
		memset(longer, 'p', sizeof(longer));
		longer[0] = '/';
		longer[n] = '\0';
		snprintf(text, sizeof(text), "host=%s port=5001", longer);
		fails(text);
		longer[0] = '@';
		snprintf(text, sizeof(text), "host=%s port=5001", longer);
		fails(text);
	}
	CASE("no host at all");
	/* the directory the library was built with; no server has this port there */
	fails("port=64999");
	fails("host='' port=64999");
	fails("host=, port=64999");
}

static void
numbers(void)
{
	CASE("options that are numbers");
	fails("host=127.0.0.1 port=1 keepalives=x");
	fails("host=127.0.0.1 port=1 keepalives_idle=1.5");
	fails("host=127.0.0.1 port=1 keepalives_interval='5 '");
	fails("host=127.0.0.1 port=1 keepalives_count='5 x'");
	fails("host=127.0.0.1 port=1 tcp_user_timeout=99999999999");
	fails("host=127.0.0.1 port=1 keepalives=0 keepalives_idle=x tcp_user_timeout=x");
	fails("host=127.0.0.1,/nonexistent port=1 keepalives_idle=x");
	fails("host=127.0.0.1 port=1 keepalives_idle=0 keepalives_interval=-1");
	fails("host=127.0.0.1 port=1 keepalives_interval=99999");
	fails("host=127.0.0.1 port=1 keepalives_count=1000");
	fails("host=127.0.0.1 port=1 tcp_user_timeout=-1");
	fails("host=/nonexistent port=1 keepalives=x keepalives_idle=x tcp_user_timeout=x");
	fails("host=/nonexistent port=1 connect_timeout=x");
	fails("host=/nonexistent port=1 connect_timeout=''");
	fails("host=/nonexistent port=1 connect_timeout=' 5 '");
}

/* Which of two hosts comes first, told by the first text there is. */
static bool
first_is_one(PGconn *conn)
{
	const char *one = strstr(PQerrorMessage(conn), "/nonexistent/one");
	const char *two = strstr(PQerrorMessage(conn), "/nonexistent/two");

	return one != NULL && two != NULL && one < two;
}

static void
any_order(void)
{
	int			ones = 0;
	int			kept = 0;
	int			i;

	CASE("hosts in any order");
	for (i = 0; i < 64; i++)
	{
		PGconn	   *conn = PQconnectdb(PLAIN "host=/nonexistent/one,/nonexistent/two port=1 load_balance_hosts=random");
		bool		before = first_is_one(conn);

		ones += before;
		PQreset(conn);
		kept += first_is_one(conn) == before;
		PQfinish(conn);
	}
	/* one order 64 times would be a chance of one to 2^63 */
	printf("both come first: %d, a reset keeps the order: %d\n", ones > 0 && ones < 64, kept == 64);
	for (ones = 0, i = 0; i < 64; i++)
	{
		PGconn	   *conn = PQconnectdb(PLAIN "host=/nonexistent/one,/nonexistent/two port=1 load_balance_hosts=disable");

		ones += first_is_one(conn);
		PQfinish(conn);
	}
	INT(ones);
}

static int
option(int fd, int level, int name)
{
	int			value = -1;
	socklen_t	length = sizeof(value);

	return getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

static void
socket_options(const char *options, int listening, int port)
{
	char		all[4096];
	PGconn	   *conn;
	int			end;
	int			fd;

	show_text(options);
	putchar('\n');
	snprintf(all, sizeof(all), PLAIN "host=127.0.0.1 port=%d %s", port, options);
	conn = connected(listening, all, &end);
	fd = PQsocket(conn);
	printf("  cloexec=%d nodelay=%d keepalive=%d\n", (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0,
		   option(fd, IPPROTO_TCP, TCP_NODELAY), option(fd, SOL_SOCKET, SO_KEEPALIVE));
	printf("  idle=%d interval=%d count=%d user timeout=%d\n", option(fd, IPPROTO_TCP, TCP_KEEPIDLE),
		   option(fd, IPPROTO_TCP, TCP_KEEPINTVL), option(fd, IPPROTO_TCP, TCP_KEEPCNT),
		   option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT));
	INT(PQstatus(conn));
	STR(PQhost(conn));
	STR(PQhostaddr(conn));
	close(end);
	PQfinish(conn);
}

static void
sockets(void)
{
	char		options[4096];
	int			port;
	int			listening = listen_tcp(&port);
	PGconn	   *conn;
	int			end;
	int			fd;

	CASE("how a socket is set up");
	socket_options("", listening, port);
	socket_options("keepalives=0 keepalives_idle=5 tcp_user_timeout=1000", listening, port);
	socket_options("keepalives_idle=5 keepalives_interval=6 keepalives_count=7 tcp_user_timeout=8000", listening, port);
	socket_options("keepalives=2 keepalives_idle=5", listening, port);
	close(listening);
	listening = listen_unix(directory, options, sizeof(options));
	conn = connected(listening, options, &end);
	fd = PQsocket(conn);
	printf("  cloexec=%d\n", (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	show_place(conn);
	CASE("the descriptor's own mode");
	printf("  nonblocking=%d\n", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	close(end);
	PQfinish(conn);
	close(listening);
}

static void
slow_servers(void)
{
	char		options[4096];
	char		all[8192];
	int			listening = listen_unix(directory, options, sizeof(options));
	PGconn	   *conn;

	CASE("a server that does not answer");
	snprintf(all, sizeof(all), "connect_timeout=1 %s", options);
	conn = PQconnectdb(all);
	show_place(conn);
	ERR(conn);
	PQfinish(conn);
	INT(PQping(all));
	snprintf(all, sizeof(all), PLAIN "connect_timeout=1 host=%s,/nonexistent,%s port=5001", directory, directory);
	conn = PQconnectdb(all);
	show_place(conn);
	ERR(conn);
	PQfinish(conn);
	close(listening);
}

/* What the server says first, and what the next one is asked then. */
static void
answered(const char *what, const char *body, size_t n, const char *more)
{
	char		options[4096];
	char		packet[4096];
	char		all[8192];
	int			listening = listen_unix(directory, options, sizeof(options));
	int			end;
	PGconn	   *conn;
	PostgresPollingStatusType polled;

	printf("%s\n", what);
	snprintf(all, sizeof(all), PLAIN "host=%s,/nonexistent port=5001,2 %s", directory, more);
	conn = PQconnectStart(all);
	INT(PQstatus(conn));
	poll_until_reading(conn, PGRES_POLLING_WRITING);
	end = accept(listening, NULL, NULL);
	/* no word of encryption on a Unix socket */
	hear_startup(end, packet, sizeof(packet));
	printf("  version %d.%d\n", packet[1], packet[3]);
	say_bytes(end, body, n);
	if (body[0] == 'R')
	{
		SAY(end, 'E', "SFATAL\0VFATAL\0C42704\0Mno such parameter\0\0");
		close(end);
	}
	polled = poll_on(conn, false);
	if (polled == PGRES_POLLING_READING && PQstatus(conn) != CONNECTION_BAD)
	{
		struct pollfd p = {.fd = listening,.events = POLLIN};

		/* it has come again */
		if (poll(&p, 1, 0) == 1)
		{
			size_t		heard;

			end = accept(listening, NULL, NULL);
			heard = hear_startup(end, packet, sizeof(packet));
			printf("  again: ");
			show_bytes(packet, heard);
			putchar('\n');
			close(end);
			poll_on(conn, true);
		}
	}
	show_place(conn);
	ERR(conn);
	PQfinish(conn);
	close(listening);
}

static void
refusals(void)
{
#define ANSWER(name, bytes, more) answered(name, bytes, sizeof(bytes) - 1, more)
	CASE("servers that refuse");
	ANSWER("not ready yet", "E\0\0\0\x23SFATAL\0VFATAL\0C57P03\0Mwait\0\0\0\0\0\0", "");
	ANSWER("another error", "E\0\0\0\x23SFATAL\0VFATAL\0C53300\0Mfull\0\0\0\0\0\0", "");
	ANSWER("a parameter it does not know", "R\0\0\0\x08\0\0\0\0", "application_name=named");
	ANSWER("a parameter it does not know, and none was sent", "R\0\0\0\x08\0\0\0\0", "");
	ANSWER("garbage", "HTTP/1.1 400 Bad Request\r\n\r\n", "");
	CASE("requirepeer");
	{
		char		options[4096];
		char		all[8192];
		int			listening = listen_unix(directory, options, sizeof(options));
		PGconn	   *conn;

		snprintf(all, sizeof(all), "requirepeer=nobody_of_this_name %s", options);
		conn = PQconnectdb(all);
		ERR(conn);
		PQfinish(conn);
		snprintf(all, sizeof(all), PLAIN "requirepeer=nobody_of_this_name host=%s,/nonexistent port=5001", directory);
		conn = PQconnectdb(all);
		ERR(conn);
		PQfinish(conn);
		close(listening);
	}
}

/* What the descriptor leads to. */
static unsigned long
socket_number(PGconn *conn)
{
	struct stat st;

	return fstat(PQsocket(conn), &st) == 0 ? (unsigned long) st.st_ino : 0;
}

static int
next_startup(int listening, PGconn *conn)
{
	char		packet[4096];
	size_t		heard;
	int			end;
	struct pollfd p = {.fd = listening,.events = POLLIN};

	if (poll(&p, 1, 20000) != 1)
	{
		printf("nobody comes\n");
		exit(92);
	}
	end = accept(listening, NULL, NULL);
	poll_until_reading(conn, PGRES_POLLING_WRITING);
	heard = hear_startup(end, packet, sizeof(packet));
	printf("  asks: ");
	show_bytes(packet, heard);
	putchar('\n');
	return end;
}

/* What one server has made us give up is asked of the next one. */
static void
anew(void)
{
	char		options[4096];
	char		all[8192];
	int			listening = listen_unix(directory, options, sizeof(options));
	unsigned long before;
	int			end;
	PGconn	   *conn;

	CASE("the next host is asked anew");
	snprintf(all, sizeof(all), PLAIN "host=%s,%s port=5001 application_name=named", directory, directory);
	conn = PQconnectStart(all);
	end = next_startup(listening, conn);
	SAY(end, 'R', "\0\0\0\0");
	SAY(end, 'E', "SFATAL\0VFATAL\0C42704\0Mno such parameter\0\0");
	poll_on(conn, false);
	end = next_startup(listening, conn);
	SAY(end, 'E', "SFATAL\0VFATAL\0C57P03\0Mnot yet\0\0");
	before = socket_number(conn);
	poll_on(conn, false);
	printf("another socket: %d\n", before != 0 && before != socket_number(conn));
	end = next_startup(listening, conn);
	welcome(end);
	INT(poll_on(conn, true));
	show_place(conn);
	ERR(conn);
	PQfinish(conn);
	snprintf(all, sizeof(all), PLAIN "host=%s,%s port=5001 max_protocol_version=3.2", directory, directory);
	conn = PQconnectStart(all);
	end = next_startup(listening, conn);
	SAY(end, 'v', "\0\3\0\0\0\0\0\0");
	SAY(end, 'E', "SFATAL\0VFATAL\0C57P03\0Mnot yet\0\0");
	poll_on(conn, false);
	end = next_startup(listening, conn);
	welcome(end);
	INT(poll_on(conn, true));
	INT(PQfullProtocolVersion(conn));
	PQfinish(conn);
	close(listening);
}

int
main(int argc, char **argv)
{
	begin(argc, argv);
	if (getcwd(directory, sizeof(directory)) == NULL)
		die("getcwd");
	nobody_there();
	numbers();
	any_order();
	sockets();
	slow_servers();
	refusals();
	anew();
	return 0;
}
