/* LISTEN and NOTIFY. */
/* covers: 214 248 249 250 */
#include "helpers.h"

static void
show(PGconn *conn, int pid, int other)
{
	PGnotify   *notify;

	while ((notify = PQnotifies(conn)) != NULL)
	{
		printf("  notify ");
		show_text(notify->relname);
		putchar(' ');
		show_text(notify->extra);
		printf(" from %s\n", notify->be_pid == pid ? "self" : notify->be_pid == other ? "the other" : "nobody");
		PQfreemem(notify);
	}
	printf("  no more\n");
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	PGconn	   *other = must_connect(conninfo);
	int			pid = PQbackendPID(conn);
	int			theirs = PQbackendPID(other);

	CASE("own");
	PTR(PQnotifies(conn));
	RES(PQexec(conn, "LISTEN c"));
	RES(PQexec(conn, "NOTIFY c"));
	show(conn, pid, theirs);
	RES(PQexec(conn, "NOTIFY c, 'payload'; NOTIFY \"Quoted Channel\"; NOTIFY c, 'payload'; NOTIFY c, 'two'"));
	show(conn, pid, theirs);
	RES(PQexec(conn, "BEGIN; NOTIFY c, 'rolled back'; ROLLBACK"));
	show(conn, pid, theirs);
	CASE("another's, while idle");
	RES(PQexec(other, "NOTIFY c, 'hello'"));
	/* behaviour 248: nothing until the socket is read */
	PTR(PQnotifies(conn));
	wait_socket(conn, false);
	PTR(PQnotifies(conn));
	INT(PQconsumeInput(conn));
	show(conn, pid, theirs);
	CASE("another's, during a query");
	RES(PQexec(other, "SELECT pg_notify('c', repeat('x', 7999))"));
	RES(PQexec(conn, "SELECT 1"));
	{
		PGnotify   *notify = PQnotifies(conn);

		INT(notify != NULL && strlen(notify->extra) == 7999);
		PQfreemem(notify);
	}
	CASE("several, in order");
	RES(PQexec(other, "SELECT pg_notify('c', i::text) FROM generate_series(1,5) i"));
	RES(PQexec(conn, ""));
	show(conn, pid, theirs);
	CASE("no more listening");
	RES(PQexec(conn, "UNLISTEN c"));
	RES(PQexec(other, "NOTIFY c, 'unheard'"));
	RES(PQexec(conn, "SELECT 1"));
	show(conn, pid, theirs);
	CASE("kept over a lost connection");
	RES(PQexec(conn, "LISTEN c; NOTIFY c, 'last'"));
	QUIET(PQexec(conn, "SELECT pg_terminate_backend(pg_backend_pid())"));
	INT(PQstatus(conn));
	show(conn, pid, theirs);
	PQfinish(conn);
	PQfinish(other);
	return 0;
}
