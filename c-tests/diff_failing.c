/*
 * Failures that need a hand: descriptors that run out or are exchanged behind the library's back, a server that cheats
 * in SCRAM or answers with nonsense where the library asks for itself, files that cannot be written.
 */
/* covers: 127 130 131 165 169 171 274 277 281 394 397 */
#include "helpers.h"
#include "backend.h"

#include <sys/resource.h>
#include <sys/wait.h>

static char options[4096];
static int	listening;

static PGconn *
knock(const char *more, int *end)
{
	char		all[8192];
	char		body[4096];
	PGconn	   *conn;

	snprintf(all, sizeof(all), "%s %s", options, more);
	conn = PQconnectStart(all);
	poll_until_reading(conn, PGRES_POLLING_WRITING);
	*end = accept(listening, NULL, NULL);
	hear_startup(*end, body, sizeof(body));
	return conn;
}

/* A request and the message after "r=" of the client's first message. */
static void
client_first(int end, char *nonce, size_t size)
{
	char		body[4096];
	uint32_t	length;
	char	   *at;

	hear_bytes(end, body, 5);
	memcpy(&length, body + 1, 4);
	length = ntohl(length) - 4;
	hear_bytes(end, body, length);
	body[length] = '\0';
	printf("  chose %s\n", body);
	at = strstr(body + strlen(body) + 5, "r=");
	if (at == NULL || (size_t) (body + length - at) > size)
		exit(91);
	strcpy(nonce, at + 2);
}

static void
sasl(int end, int code, const char *text)
{
	char		body[4096] = {0, 0, 0, (char) code};

	memcpy(body + 4, text, strlen(text));
	say(end, 'R', body, 4 + strlen(text));
}

/*
 * The server's first message with %s for the client's nonce, and if that is taken, its last one. The client's proof is not
 * looked at: its nonce is a random one.
 */
static void
scram(const char *first, int first_code, const char *final, int final_code)
{
	char		nonce[256];
	char		text[1024];
	char		body[4096];
	uint32_t	length;
	int			end;
	PGconn	   *conn = knock("password=secret", &end);
	PostgresPollingStatusType polled;

	printf("first %d %s, last %d %s\n", first_code, first, final_code, final == NULL ? "" : final);
	SAY(end, 'R', "\0\0\0\012SCRAM-SHA-256\0\0");
	poll_on(conn, false);
	client_first(end, nonce, sizeof(nonce));
	snprintf(text, sizeof(text), first, nonce);
	sasl(end, first_code, text);
	polled = poll_on(conn, false);
	if (polled != PGRES_POLLING_FAILED && final != NULL)
	{
		hear_bytes(end, body, 5);
		memcpy(&length, body + 1, 4);
		hear_bytes(end, body, ntohl(length) - 4);
		printf("  a proof has come\n");
		sasl(end, final_code, final);
		poll_on(conn, false);
	}
	ERR(conn);
	INT(PQstatus(conn));
	INT(PQconnectionUsedPassword(conn));
	close(end);
	PQfinish(conn);
}

#define GOOD "r=%sxyz,s=c2FsdHNhbHRzYWx0c2FsdA==,i=4096"

static void
cheating(void)
{
	CASE("SCRAM, the server's first message");
	scram(GOOD, 11, NULL, 0);
	scram("r=xyz,s=c2FsdA==,i=4096", 11, NULL, 0);
	scram("r=%s,s=c2FsdA==,i=4096", 11, NULL, 0);
	scram("r=%sxyz,s=,i=4096", 11, NULL, 0);
	scram("r=%sxyz,s=!!,i=4096", 11, NULL, 0);
	scram("r=%sxyz,s=c2FsdA==,i=0", 11, NULL, 0);
	scram("r=%sxyz,s=c2FsdA==,i=-5", 11, NULL, 0);
	scram("r=%sxyz,s=c2FsdA==,i=1x", 11, NULL, 0);
	scram("r=%sxyz,s=c2FsdA==,i=", 11, NULL, 0);
	scram("r=%sxyz,s=c2FsdA==", 11, NULL, 0);
	scram("r=%sxyz,i=4096", 11, NULL, 0);
	scram("r=%sxyz", 11, NULL, 0);
	scram("r=%sxyz,s=c2FsdA==,i=4096,x=y", 11, NULL, 0);
	scram("m=ext,r=%sxyz,s=c2FsdA==,i=4096", 11, NULL, 0);
	scram("e=other-error,%s", 11, NULL, 0);
	scram("r%s", 11, NULL, 0);
	scram(GOOD, 12, NULL, 0);
	CASE("SCRAM, the server's last message");
	scram(GOOD, 11, "e=invalid-proof", 12);
	scram(GOOD, 11, "e=invalid-proof,x", 12);
	scram(GOOD, 11, "v=", 12);
	scram(GOOD, 11, "v=!!", 12);
	scram(GOOD, 11, "v=c2FsdA==", 12);
	scram(GOOD, 11, "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 12);
	scram(GOOD, 11, "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,x=y", 12);
	scram(GOOD, 11, "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 11);
	scram(GOOD, 11, "x", 12);
	scram(GOOD, 11, "", 12);
}

static void
descriptors(const char *conninfo)
{
	PGconn	   *conn;
	PGcancel   *cancel;
	char		text[256];
	struct rlimit before,
				none;
	int			end;
	int			other[2];

	CASE("a descriptor that is none of a connection any more");
	conn = connected(listening, options, &end);
	/* a pipe that can be read at once, for it has ended */
	if (pipe(other) != 0)
		die("pipe");
	close(other[1]);
	dup2(other[0], PQsocket(conn));
	INT(PQconsumeInput(conn));
	ERR(conn);
	PQfinish(conn);
	close(end);
	conn = connected(listening, options, &end);
	dup2(other[0], PQsocket(conn));
	INT(PQsendQuery(conn, "SELECT 1"));
	ERR(conn);
	drain(conn);
	ERR(conn);
	PQfinish(conn);
	close(end);

	CASE("descriptors run out while connecting");
	conn = connected(listening, options, &end);
	cancel = PQgetCancel(conn);
	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
	{
		PGconn	   *second = PQconnectdb(options);
		PGconn	   *third = PQconnectdb("host=127.0.0.1 port=1 user=u sslmode=disable gssencmode=disable");

		ERR(second);
		INT(PQstatus(second));
		ERR(third);
		PQfinish(second);
		PQfinish(third);
	}
	{
		PGcancelConn *request = PQcancelCreate(conn);

		INT(PQcancelBlocking(request));
		STR(PQcancelErrorMessage(request));
		PQcancelFinish(request);
	}
	CASE("descriptors run out");
	INT(PQping(options));
	INT(PQcancel(cancel, text, sizeof(text)));
	STR(text);
	INT(PQcancel(cancel, text, 20));
	STR(text);
	INT(PQrequestCancel(conn));
	ERR(conn);
	setrlimit(RLIMIT_NOFILE, &before);
	CASE("a cancel request to nobody");
	close(listening);
	INT(PQcancel(cancel, text, sizeof(text)));
	STR(text);
	unlink(".s.PGSQL.5001");
	INT(PQcancel(cancel, text, sizeof(text)));
	STR(text);
	PQfreeCancel(cancel);
	close(end);
	PQfinish(conn);

	CASE("a file that cannot be written");
	conn = must_connect(conninfo);
	must(conn, "BEGIN");
	must(conn, "SELECT lo_from_bytea(77777, 'some text')");
	INT(lo_export(conn, 77777, "/dev/full"));
	ERR(conn);
	must(conn, "ROLLBACK");
	PQfinish(conn);
}

static void
own_questions(void)
{
	PGconn	   *conn;
	int			end;

#define ROW_OF_TWO "\0\2a\0\0\0\0\0\0\0\0\0\0\031\377\377\377\377\377\377\0\0b\0\0\0\0\0\0\0\0\0\0\031\377\377\377\377\377\377\0\0"
#define ROW_OF_ONE "\0\1a\0\0\0\0\0\0\0\0\0\0\031\377\377\377\377\377\377\0\0"
	CASE("what the server says of password_encryption");
	/* the answers are there before the questions */
	conn = connected(listening, options, &end);
	SAY(end, 'T', ROW_OF_TWO);
	SAY(end, 'C', "SHOW\0");
	SAY(end, 'Z', "I");
	OWN(PQencryptPasswordConn(conn, "secret", "user", NULL));
	ERR(conn);
	hear(end);
	SAY(end, 'T', ROW_OF_ONE);
	SAY(end, 'D', "\0\1\0\0\0\063aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeef");
	SAY(end, 'C', "SHOW\0");
	SAY(end, 'Z', "I");
	OWN(PQencryptPasswordConn(conn, "secret", "user", NULL));
	ERR(conn);
	SAY(end, 'T', ROW_OF_ONE);
	SAY(end, 'D', "\0\1\0\0\0\4none");
	SAY(end, 'C', "SHOW\0");
	SAY(end, 'Z', "I");
	OWN(PQencryptPasswordConn(conn, "secret", "user", NULL));
	ERR(conn);
	SAY(end, 'E', "SERROR\0VERROR\0C42704\0Munknown\0\0");
	SAY(end, 'Z', "I");
	OWN(PQencryptPasswordConn(conn, "secret", "user", NULL));
	ERR(conn);
	SAY(end, 'E', "SERROR\0VERROR\0C42704\0Munknown\0\0");
	SAY(end, 'Z', "I");
	RES(PQchangePassword(conn, "user", "secret"));
	ERR(conn);
	INT(PQstatus(conn));
	PQfinish(conn);
	close(end);

	CASE("a new command in the middle of a copy");
	conn = connected(listening, options, &end);
	INT(PQsendQuery(conn, "COPY t FROM STDIN"));
	hear(end);
	SAY(end, 'G', "\0\0\1\0\0");
	RES(PQgetResult(conn));
	fflush(stdout);
	switch (fork())
	{
		case -1:
			die("fork");
			break;
		case 0:
			/* the server: the copy is given up, then the question comes */
			if (hear(end) == 'c')
				_exit(1);
			SAY(end, 'E', "SERROR\0VERROR\0C57014\0Mas you like\0\0");
			SAY(end, 'Z', "I");
			hear(end);
			SAY(end, 'C', "SELECT 0\0");
			SAY(end, 'Z', "I");
			fflush(stdout);
			_exit(0);
		default:
			RES(PQexec(conn, "SELECT 1"));
			wait(NULL);
	}
	ERR(conn);
	PQfinish(conn);
	close(end);
}

static void
print_options(void)
{
	PGresult   *res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc column = {.name = "name"};
	static char separator[5000];
	PQprintOpt	opt = {.header = 1,.align = 1,.fieldSep = separator};
	int			n;

	CASE("long field separators");
	PQsetResultAttrs(res, 1, &column);
	PQsetvalue(res, 0, 0, "value", 5);
	for (n = 1; n < (int) sizeof(separator); n = n * 4)
	{
		memset(separator, '|', (size_t) n);
		separator[n] = '\0';
		printf("%d\n", n);
		PQprint(stdout, res, &opt);
		opt.align = !opt.align;
	}
	PQclear(res);
}

static void
early_goodbyes(void)
{
	PGconn	   *conn;
	int			end;

	CASE("a server that goes before it is asked");
	conn = PQconnectStart(options);
	INT(PQstatus(conn));
	end = accept(listening, NULL, NULL);
	close(end);
	INT(poll_until_reading(conn, PGRES_POLLING_WRITING));
	ERR(conn);
	poll_on(conn, true);
	ERR(conn);
	INT(PQstatus(conn));
	PQfinish(conn);
	conn = connected(listening, options, &end);
	{
		PGcancelConn *request = PQcancelCreate(conn);
		int			second;

		INT(PQcancelStart(request));
		second = accept(listening, NULL, NULL);
		close(second);
		INT(PQcancelPoll(request));
		INT(PQcancelPoll(request));
		STR(PQcancelErrorMessage(request));
		PQcancelFinish(request);
	}
	close(end);
	PQfinish(conn);
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	char		directory[2048];

	if (getcwd(directory, sizeof(directory)) == NULL)
		die("getcwd");
	listening = listen_unix(directory, options, sizeof(options));
	cheating();
	own_questions();
	early_goodbyes();
	print_options();
	descriptors(conninfo);
	return 0;
}
