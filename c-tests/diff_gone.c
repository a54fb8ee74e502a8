/*
 * Servers that go away, seen from every kind of call: what is said, by which call, and what is left of the connection. The
 * program plays the server.
 */
/* covers: 96 146 162 169 171 172 173 192 200 211 213 248 250 262 263 265 266 267 */
#include "helpers.h"
#include "backend.h"

#define COLUMN "\0\1a\0\0\0\0\0\0\0\0\0\0\031\377\377\377\377\377\377\0\0"

static char options[4096];
static int	listening;

static PGconn *
abandoned(void)
{
	int			end;
	PGconn	   *conn = connected(listening, options, &end);

	close(end);
	return conn;
}

static void
pipeline(void)
{
	PGconn	   *conn = abandoned();
	int			i;

	CASE("a pipeline");
	INT(PQenterPipelineMode(conn));
	for (i = 0; i < 3; i++)
	{
		INT(PQsendQueryParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0));
		INT(PQpipelineSync(conn));
		ERR(conn);
		INT(PQstatus(conn));
	}
	for (i = 0; i < 4; i++)
		RES(PQgetResult(conn));
	ERR(conn);
	show_state(conn);
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	PQfinish(conn);
}

static void
nonblocking(void)
{
	PGconn	   *conn = abandoned();

	CASE("without waiting");
	INT(PQsetnonblocking(conn, 1));
	INT(PQsendQuery(conn, "SELECT 1"));
	INT(PQflush(conn));
	INT(PQflush(conn));
	ERR(conn);
	INT(PQconsumeInput(conn));
	ERR(conn);
	INT(PQisBusy(conn));
	drain(conn);
	ERR(conn);
	show_state(conn);
	INT(PQsendQuery(conn, "SELECT 1"));
	ERR(conn);
	INT(PQconsumeInput(conn));
	ERR(conn);
	INT(PQflush(conn));
	ERR(conn);
	INT(PQsetnonblocking(conn, 0));
	INT(PQisnonblocking(conn));
	PQfinish(conn);
}

static void
waiting(void)
{
	PGconn	   *conn = abandoned();
	int			buffer[8];
	int			length = -3;

	CASE("PQexec");
	RES(PQexec(conn, "SELECT 1"));
	ERR(conn);
	show_state(conn);
	RES(PQexec(conn, "SELECT 1"));
	ERR(conn);
	PQfinish(conn);

	CASE("PQconsumeInput");
	conn = abandoned();
	INT(PQisBusy(conn));
	INT(PQconsumeInput(conn));
	ERR(conn);
	show_state(conn);
	PTR(PQnotifies(conn));
	RES(PQgetResult(conn));
	ERR(conn);
	RES(PQexec(conn, "SELECT 1"));
	ERR(conn);
	INT(PQsendQuery(conn, "SELECT 1"));
	ERR(conn);
	PQfinish(conn);

	CASE("PQfn and large objects");
	conn = abandoned();
	RES(PQfn(conn, 1, buffer, &length, 1, NULL, 0));
	INT(length);
	ERR(conn);
	show_state(conn);
	INT(lo_open(conn, 1, 0));
	ERR(conn);
	PQfinish(conn);

	CASE("questions of the library's own");
	conn = abandoned();
	INT(PQsetClientEncoding(conn, "LATIN1"));
	ERR(conn);
	OWN(PQencryptPasswordConn(conn, "password", "user", NULL));
	ERR(conn);
	PQfinish(conn);
}

static void
in_the_middle(void)
{
	PGconn	   *conn;
	PGnotify   *notify;
	char	   *buffer;
	int			end;

	CASE("in the middle of a row");
	conn = connected(listening, options, &end);
	INT(PQsendQuery(conn, "SELECT 1"));
	hear(end);
	SAY(end, 'T', COLUMN);
	SAY(end, 'D', "\0\1\0\0\0\1x");
	say_bytes(end, "D\0\0\0", 4);
	close(end);
	drain(conn);
	ERR(conn);
	show_state(conn);
	PQfinish(conn);

	CASE("after an error, while idle");
	conn = connected(listening, options, &end);
	INT(PQsendQuery(conn, "SELECT 1"));
	hear(end);
	SAY(end, 'T', COLUMN);
	SAY(end, 'D', "\0\1\0\0\0\1x");
	SAY(end, 'N', "SNOTICE\0VNOTICE\0C00000\0Mby the way\0\0");
	SAY(end, 'A', "\0\0\0\5channel\0payload\0");
	SAY(end, 'E', "SERROR\0VERROR\0C22012\0Mdivision\0\0");
	SAY(end, 'Z', "E");
	drain(conn);
	ERR(conn);
	show_state(conn);
	notify = PQnotifies(conn);
	if (notify != NULL)
		printf("%s %s %d\n", notify->relname, notify->extra, notify->be_pid);
	PQfreemem(notify);
	SAY(end, 'E', "SFATAL\0VFATAL\0C57P01\0Mgood-bye\0\0");
	INT(PQconsumeInput(conn));
	PTR(PQnotifies(conn));
	show_state(conn);
	ERR(conn);
	close(end);
	INT(PQconsumeInput(conn));
	ERR(conn);
	show_state(conn);
	RES(PQexec(conn, "SELECT 2"));
	ERR(conn);
	PQfinish(conn);

	CASE("while a copy goes out");
	conn = connected(listening, options, &end);
	INT(PQsendQuery(conn, "COPY t TO STDOUT"));
	hear(end);
	SAY(end, 'H', "\0\0\1\0\0");
	SAY(end, 'd', "row\n");
	close(end);
	RES(PQgetResult(conn));
	INT(PQgetCopyData(conn, &buffer, 1));
	PQfreemem(buffer);
	INT(PQgetCopyData(conn, &buffer, 1));
	ERR(conn);
	INT(PQgetCopyData(conn, &buffer, 0));
	ERR(conn);
	RES(PQgetResult(conn));
	RES(PQgetResult(conn));
	ERR(conn);
	show_state(conn);
	PQfinish(conn);

	CASE("while a copy comes in, and a flush has failed");
	conn = connected(listening, options, &end);
	INT(PQsendQuery(conn, "COPY t FROM STDIN"));
	hear(end);
	SAY(end, 'G', "\0\0\1\0\0");
	RES(PQgetResult(conn));
	close(end);
	INT(PQputCopyData(conn, "row\n", 4));
	INT(PQflush(conn));
	ERR(conn);
	INT(PQputCopyEnd(conn, NULL));
	ERR(conn);
	RES(PQgetResult(conn));
	RES(PQgetResult(conn));
	ERR(conn);
	show_state(conn);
	PQfinish(conn);

	CASE("the client goes");
	conn = connected(listening, options, &end);
	PQfinish(conn);
	hear(end);
	INT(unheard(end));
	close(end);
}

int
main(int argc, char **argv)
{
	char		directory[2048];

	begin(argc, argv);
	if (getcwd(directory, sizeof(directory)) == NULL)
		die("getcwd");
	listening = listen_unix(directory, options, sizeof(options));
	pipeline();
	nonblocking();
	waiting();
	in_the_middle();
	return 0;
}
