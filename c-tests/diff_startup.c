/*
 * What is asked of a server before it lets one in: the start-up packet and what of the environment is in it, and the
 * steps a connection is seen to take. The program plays the server.
 */
/* covers: 76 77 78 79 81 95 109 110 111 115 116 117 118 120 121 122 252 256 402 */
#include "helpers.h"
#include "backend.h"

#include <locale.h>

static char base[4096];
static char directory[2048];
static int	listening;

static int
visitor(PGconn *conn)
{
	struct pollfd p = {.fd = listening,.events = POLLIN};
	char		packet[4096];
	size_t		heard;
	int			end;

	poll_until_reading(conn, PGRES_POLLING_WRITING);
	if (poll(&p, 1, 0) != 1)
	{
		printf("  nobody comes\n");
		ERR(conn);
		return -1;
	}
	end = accept(listening, NULL, NULL);
	heard = hear_startup(end, packet, sizeof(packet));
	printf("  asks ");
	show_bytes(packet, heard);
	putchar('\n');
	return end;
}

/* The packet for these options. */
static void
packet(const char *options)
{
	char		all[8192];
	PGconn	   *conn;
	int			end;

	show_text(options);
	putchar('\n');
	snprintf(all, sizeof(all), "%s %s", base, options);
	conn = PQconnectStart(all);
	end = visitor(conn);
	if (end >= 0)
		close(end);
	PQfinish(conn);
}

static void
with_variable(const char *name, const char *value)
{
	setenv(name, value, 1);
	printf("%s=%s ", name, value);
	packet("");
	unsetenv(name);
}

static void
packets(void)
{
	CASE("what is in the packet");
	packet("");
	packet("user=someone dbname=something options='-c a=b' application_name=app client_encoding=LATIN1 replication=database");
	packet("dbname=''");
	packet("fallback_application_name=fallback");
	packet("fallback_application_name=fallback application_name=app");
	packet("fallback_application_name=fallback application_name=''");
	packet("replication=true options=''");
	packet("client_encoding=''");
	packet("user='with space' dbname=\xc3\xa4");
	packet("max_protocol_version=3.2");
	packet("min_protocol_version=3.2");
	packet("max_protocol_version=latest");
	packet("min_protocol_version=3.0 max_protocol_version=3.0");
	CASE("the environment");
	with_variable("PGDATESTYLE", "German");
	with_variable("PGDATESTYLE", "DEFAULT");
	with_variable("PGDATESTYLE", "");
	with_variable("PGTZ", "UTC");
	with_variable("PGTZ", "default");
	with_variable("PGGEQO", "off");
	with_variable("PGGEQO", "DeFault");
	with_variable("PGOPTIONS", "-c x=y");
	with_variable("PGAPPNAME", "named");
	with_variable("PGCLIENTENCODING", "SJIS");
	CASE("the encoding of the locale");
	packet("client_encoding=auto");
	setlocale(LC_ALL, "C");
	packet("client_encoding=auto");
	setlocale(LC_ALL, "C.UTF-8");
	packet("client_encoding=auto");
	packet("client_encoding=AUTO");
	with_variable("PGCLIENTENCODING", "auto");
	setlocale(LC_ALL, "C");
}

static void
show_steps(PGconn *conn, PostgresPollingStatusType polled)
{
	printf("  polled=%d status=%d protocol=%d/%d server=%d pid=%d encoding=%d transaction=%d\n", polled, PQstatus(conn),
		   PQprotocolVersion(conn), PQfullProtocolVersion(conn), PQserverVersion(conn), PQbackendPID(conn),
		   PQclientEncoding(conn), PQtransactionStatus(conn));
}

/* Says one message after the other and shows what each does. */
static void
steps(void)
{
	PGconn	   *conn;
	int			end;

	CASE("the steps of a connection");
	conn = PQconnectStart(base);
	show_steps(conn, PGRES_POLLING_WRITING);
	STR(PQdb(conn));
	end = visitor(conn);
	show_steps(conn, PGRES_POLLING_READING);
	SAY(end, 'R', "\0\0\0\3");
	show_steps(conn, poll_on(conn, false));
	close(end);
	show_steps(conn, poll_on(conn, false));
	ERR(conn);
	show_steps(conn, PQconnectPoll(conn));
	PQfinish(conn);
	conn = PQconnectStart(base);
	end = visitor(conn);
	SAY(end, 'R', "\0\0\0\0");
	show_steps(conn, poll_on(conn, false));
	SAY(end, 'S', "server_version\00015.4 (some system)\0");
	show_steps(conn, poll_on(conn, false));
	SAY(end, 'S', "client_encoding\0EUC_JP\0");
	show_steps(conn, poll_on(conn, false));
	SAY(end, 'K', "\0\0\0\7\1\2\3\4");
	show_steps(conn, poll_on(conn, false));
	SAY(end, 'Z', "I");
	show_steps(conn, poll_on(conn, false));
	show_steps(conn, PQconnectPoll(conn));
	STR(PQparameterStatus(conn, "client_encoding"));
	close(end);
	PQfinish(conn);
	INT(PQconnectPoll(NULL));
}

/* A visit by a connection that wants a certain kind of server. */
static void
kind(const char *wanted, const char *status, size_t n, const char *answer)
{
	char		all[8192];
	char		row[64];
	PGconn	   *conn;
	PostgresPollingStatusType polled;
	int			end;

	printf("%s: ", wanted);
	show_bytes(status, n);
	putchar('\n');
	snprintf(all, sizeof(all), "%s host=%s,/nonexistent target_session_attrs=%s", base, directory, wanted);
	conn = PQconnectStart(all);
	end = visitor(conn);
	SAY(end, 'R', "\0\0\0\0");
	say_bytes(end, status, n);
	SAY(end, 'Z', "I");
	polled = poll_on(conn, false);
	show_steps(conn, polled);
	if (polled == PGRES_POLLING_READING && PQstatus(conn) != CONNECTION_BAD)
	{
		hear(end);
		SAY(end, 'T', "\0\1x\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0");
		row[0] = 0;
		row[1] = 1;
		memset(row + 2, 0, 3);
		row[5] = (char) strlen(answer);
		memcpy(row + 6, answer, strlen(answer));
		say(end, 'D', row, 6 + strlen(answer));
		SAY(end, 'C', "SHOW\0");
		SAY(end, 'Z', "I");
		polled = poll_on(conn, false);
		show_steps(conn, polled);
	}
	if (polled == PGRES_POLLING_FAILED)
		hear(end);
	ERR(conn);
	close(end);
	PQfinish(conn);
}

#define VERSION_18 "S\0\0\0\030server_version\00018.0\0"
#define VERSION_83 "S\0\0\0\031server_version\0008.3.1\0"
#define HOT(word, length) "S\0\0\0" length "in_hot_standby\0" word "\0"
#define READ_ONLY(word, length) "S\0\0\0" length "default_transaction_read_only\0" word "\0"
#define KIND(wanted, status, answer) kind(wanted, status, sizeof(status) - 1, answer)

static void
kinds(void)
{
	CASE("the kind of server that is wanted");
	KIND("any", VERSION_18, "");
	KIND("read-write", VERSION_18 HOT("off", "\x17") READ_ONLY("off", "\x26"), "");
	KIND("read-write", VERSION_18 HOT("on", "\x16") READ_ONLY("off", "\x26"), "");
	KIND("read-write", VERSION_18 HOT("off", "\x17") READ_ONLY("on", "\x25"), "");
	KIND("read-only", VERSION_18 HOT("off", "\x17") READ_ONLY("on", "\x25"), "");
	KIND("read-only", VERSION_18 HOT("off", "\x17") READ_ONLY("off", "\x26"), "");
	KIND("read-write", VERSION_18, "off");
	KIND("read-write", VERSION_18 HOT("off", "\x17"), "on");
	KIND("read-only", VERSION_18, "online");
	KIND("read-only", VERSION_18, "off");
	KIND("primary", VERSION_18 HOT("off", "\x17"), "");
	KIND("primary", VERSION_18 HOT("on", "\x16"), "");
	KIND("primary", VERSION_18, "f");
	KIND("primary", VERSION_18, "t");
	KIND("primary", VERSION_83, "");
	KIND("standby", VERSION_83, "");
	KIND("standby", VERSION_18, "t");
	KIND("standby", VERSION_18, "f");
	KIND("prefer-standby", VERSION_18 HOT("on", "\x16"), "");
}

static void
negotiate(const char *options, const char *answer, size_t n)
{
	char		all[8192];
	PGconn	   *conn;
	PostgresPollingStatusType polled;
	int			end;

	show_text(options);
	putchar(' ');
	show_bytes(answer, n);
	putchar('\n');
	snprintf(all, sizeof(all), "%s %s", base, options);
	conn = PQconnectStart(all);
	end = visitor(conn);
	if (end < 0)
	{
		PQfinish(conn);
		return;
	}
	say(end, 'v', answer, n);
	polled = poll_on(conn, false);
	if (polled != PGRES_POLLING_FAILED)
	{
		welcome(end);
		polled = poll_on(conn, true);
	}
	show_steps(conn, polled);
	ERR(conn);
	close(end);
	PQfinish(conn);
}

#define NEGOTIATE(options, answer) negotiate(options, answer, sizeof(answer) - 1)

static void
versions(void)
{
	CASE("the version of the protocol");
	NEGOTIATE("max_protocol_version=3.2", "\0\3\0\0\0\0\0\0");
	NEGOTIATE("max_protocol_version=3.2", "\0\3\0\1\0\0\0\0");
	NEGOTIATE("max_protocol_version=3.2", "\0\3\0\2\0\0\0\0");
	NEGOTIATE("max_protocol_version=3.2", "\0\3\0\3\0\0\0\0");
	NEGOTIATE("max_protocol_version=3.2", "\0\2\0\0\0\0\0\0");
	NEGOTIATE("max_protocol_version=3.2", "\0\4\0\0\0\0\0\0");
	NEGOTIATE("max_protocol_version=3.2", "\0\3\0\0\0\0\0\1_pq_.x\0");
	NEGOTIATE("max_protocol_version=3.2", "\0\3\0\0\0\0\0\1x\0");
	NEGOTIATE("max_protocol_version=3.2", "\0\3\0\0\xff\xff\xff\xff");
	NEGOTIATE("min_protocol_version=3.2", "\0\3\0\0\0\0\0\0");
	NEGOTIATE("", "\0\3\0\0\0\0\0\0");
	NEGOTIATE("", "\0\3\0\2\0\0\0\0");
	NEGOTIATE("max_protocol_version=3.2", "\0\3");
}

int
main(int argc, char **argv)
{
	begin(argc, argv);
	if (getcwd(directory, sizeof(directory)) == NULL)
		die("getcwd");
	listening = listen_unix(directory, base, sizeof(base));
	packets();
	steps();
	kinds();
	versions();
	return 0;
}
