/*
 * Event procedures while PQreset makes the connection anew: they are told of the results that the library fetches for
 * itself, the answers to its questions about the server's kind among them.
 */
/* covers: 109 111 135 136 320 323 */
#include "helpers.h"
#include "backend.h"

#include <sys/wait.h>

#include "libpq-events.h"

static char options[4096];
static int	listening;

static int
follow(PGEventId id, void *info, void *pass_through)
{
	printf("  event %d", (int) id);
	if (id == PGEVT_RESULTCREATE)
	{
		PGEventResultCreate *created = info;

		printf(" %s rows=%d", PQresStatus(PQresultStatus(created->result)), PQntuples(created->result));
		printf(" error=");
		show_text(PQresultErrorField(created->result, PG_DIAG_MESSAGE_PRIMARY));
	}
	if (id == PGEVT_RESULTDESTROY)
		printf(" %s", PQresStatus(PQresultStatus(((PGEventResultDestroy *) info)->result)));
	if (id == PGEVT_CONNRESET)
		printf(" status=%d", (int) PQstatus(((PGEventConnReset *) info)->conn));
	printf(" %s\n", (char *) pass_through);
	return 1;
}

#define COLUMN "\0\1a\0\0\0\0\0\0\0\0\0\0\031\377\377\377\377\377\377\0\0"
#define OFF "\0\1\0\0\0\3off"
#define ON "\0\1\0\0\0\2on"

static void
say_row(int end, const char *row)
{
	SAY(end, 'T', COLUMN);
	say(end, 'D', row, 6 + (size_t) row[5]);
	SAY(end, 'C', "SHOW\0");
}

/* What the server says to the connection that has been begun: up to the question, or instead of it. */
static int
begin_answer(PGconn *conn)
{
	char		body[4096];
	int			end;

	poll_until_reading(conn, PGRES_POLLING_WRITING);
	end = accept(listening, NULL, NULL);
	hear_startup(end, body, sizeof(body));
	return end;
}

static int
up_to_question(PGconn *conn)
{
	int			end = begin_answer(conn);

	welcome(end);
	poll_on(conn, false);
	hear(end);
	return end;
}

static void
finish_answer(PGconn *conn, int end)
{
	SAY(end, 'Z', "I");
	INT(poll_on(conn, true));
	ERR(conn);
	INT(PQstatus(conn));
	close(end);
}

int
main(int argc, char **argv)
{
	char		directory[2048];
	char		wanted[5000];
	char		two[9000];
	PGconn	   *conn;
	int			end;

	begin(argc, argv);
	if (getcwd(directory, sizeof(directory)) == NULL)
		die("getcwd");
	listening = listen_unix(directory, options, sizeof(options));
	snprintf(wanted, sizeof(wanted), "%s target_session_attrs=read-write", options);
	snprintf(two, sizeof(two), "%s host=%s,%s target_session_attrs=read-write", options, directory, directory);
	CASE("one answer");
	conn = PQconnectStart(wanted);
	end = up_to_question(conn);
	say_row(end, OFF);
	finish_answer(conn, end);
	INT(PQregisterEventProc(conn, follow, "first", "one"));
	INT(PQresetStart(conn));
	end = up_to_question(conn);
	say_row(end, OFF);
	finish_answer(conn, end);
	CASE("the wrong answer");
	INT(PQresetStart(conn));
	end = up_to_question(conn);
	say_row(end, ON);
	finish_answer(conn, end);
	CASE("an error");
	INT(PQresetStart(conn));
	end = up_to_question(conn);
	SAY(end, 'E', "SERROR\0VERROR\0C42704\0Munknown\0\0");
	finish_answer(conn, end);
	CASE("none");
	INT(PQresetStart(conn));
	end = up_to_question(conn);
	finish_answer(conn, end);
	CASE("an error before the question");
	INT(PQresetStart(conn));
	end = begin_answer(conn);
	SAY(end, 'R', "\0\0\0\0");
	SAY(end, 'E', "SFATAL\0VFATAL\0C3D000\0Mno such database\0\0");
	INT(poll_on(conn, true));
	ERR(conn);
	close(end);
	CASE("an application name that the server does not know");
	PQfinish(conn);
	strcat(wanted, " application_name=a");
	conn = PQconnectStart(wanted);
	INT(PQregisterEventProc(conn, follow, "second", "two"));
	end = up_to_question(conn);
	say_row(end, OFF);
	finish_answer(conn, end);
	INT(PQregisterEventProc(conn, follow, "second", "three"));
	INT(PQresetStart(conn));
	end = begin_answer(conn);
	SAY(end, 'R', "\0\0\0\0");
	SAY(end, 'E', "SFATAL\0VFATAL\0C42704\0Munknown\0\0");
	poll_on(conn, false);
	close(end);
	end = up_to_question(conn);
	say_row(end, OFF);
	finish_answer(conn, end);
	PQfinish(conn);
	CASE("in a call that waits");
	conn = PQconnectStart(two);
	end = up_to_question(conn);
	say_row(end, OFF);
	finish_answer(conn, end);
	INT(PQregisterEventProc(conn, follow, "fourth", "four"));
	fflush(stdout);
	switch (fork())
	{
		case -1:
			die("fork");
			break;
		case 0:
			/* the servers: one of the wrong kind, one of the right one */
			{
				char		body[4096];
				int			i;

				for (i = 0; i < 2; i++)
				{
					end = accept(listening, NULL, NULL);
					hear_startup(end, body, sizeof(body));
					welcome(end);
					hear_bytes(end, body, 32);
					say_row(end, i == 0 ? ON : OFF);
					SAY(end, 'Z', "I");
				}
				hear_bytes(end, body, 5);
				_exit(0);
			}
		default:
			VOID(PQreset(conn));
	}
	INT(PQstatus(conn));
	ERR(conn);
	PQfinish(conn);
	wait(NULL);
	return 0;
}
