/* COPY in, out, binary, both ways of failing, the old functions, COPY both ways. */
/* covers: 165 205 206 207 208 209 210 211 212 213 214 215 216 217 218 219 220 */
#include "helpers.h"

static void
get_all(PGconn *conn, int async)
{
	char	   *buffer;
	int			n;

	for (;;)
	{
		buffer = (char *) 1;
		n = PQgetCopyData(conn, &buffer, async);
		if (n == 0 && async)
		{
			wait_socket(conn, false);
			if (!PQconsumeInput(conn))
				break;
			continue;
		}
		printf("  copy data %d ", n);
		if (n > 0)
			show_bytes(buffer, (size_t) n + 1);
		else
			printf("%s", buffer == NULL ? "NULL" : "not NULL");
		putchar('\n');
		if (n <= 0)
			break;
		PQfreemem(buffer);
	}
	ERR(conn);
}

static int
put(PGconn *conn, const char *text)
{
	return PQputCopyData(conn, text, (int) strlen(text));
}

static void
in(PGconn *conn)
{
	CASE("in");
	RES(PQexec(conn, "COPY t FROM STDIN"));
	show_state(conn);
	INT(put(conn, "1\tone\n2\ttwo\n"));
	/* behaviour 207: split anywhere, empty pieces too */
	INT(put(conn, "3\tth"));
	INT(put(conn, ""));
	INT(put(conn, "ree\n"));
	RES(PQgetResult(conn));
	INT(PQputCopyEnd(conn, NULL));
	INT(put(conn, "4\tlate\n"));
	ERR(conn);
	INT(PQputCopyEnd(conn, NULL));
	ERR(conn);
	drain(conn);
	CASE("in, given up");
	RES(PQexec(conn, "COPY t FROM STDIN"));
	INT(put(conn, "5\tfive\n"));
	INT(PQputCopyEnd(conn, "given up\nby us"));
	drain(conn);
	CASE("in, refused by the server");
	RES(PQexec(conn, "COPY t FROM STDIN"));
	INT(put(conn, "x\ty\tz\n"));
	INT(PQputCopyEnd(conn, NULL));
	drain(conn);
	CASE("in, a long bad stream");
	RES(PQexec(conn, "COPY t FROM STDIN"));
	{
		int			i;
		int			bad = 0;

		for (i = 0; i < 5000; i++)
			bad += put(conn, i == 10 ? "no number\tx\n" : "7\taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n") != 1;
		INT(bad);
	}
	INT(PQputCopyEnd(conn, NULL));
	drain(conn);
	CASE("in, columns and formats");
	RES(PQexec(conn, "COPY t (b) FROM STDIN (FORMAT csv)"));
	INT(put(conn, "\"quoted, value\"\n"));
	INT(PQputCopyEnd(conn, NULL));
	drain(conn);
	CASE("in, by the extended protocol");
	RES(PQexecParams(conn, "COPY t FROM STDIN", 0, NULL, NULL, NULL, NULL, 0));
	INT(put(conn, "8\teight\n"));
	INT(PQputCopyEnd(conn, NULL));
	drain(conn);
	RES(PQexecParams(conn, "COPY t FROM STDIN", 0, NULL, NULL, NULL, NULL, 0));
	INT(put(conn, "bad\n"));
	INT(PQputCopyEnd(conn, NULL));
	drain(conn);
	CASE("in, interrupted by a query");
	RES(PQexec(conn, "COPY t FROM STDIN"));
	RES(PQexec(conn, "SELECT 'after COPY'"));
	ERR(conn);
	CASE("in, nothing");
	RES(PQexec(conn, "COPY t FROM STDIN"));
	INT(PQputCopyEnd(conn, NULL));
	drain(conn);
	CASE("in, more statements behind");
	RES(PQexec(conn, "COPY t FROM STDIN; SELECT 'behind'"));
	INT(put(conn, "9\tnine\n"));
	INT(PQputCopyEnd(conn, NULL));
	drain(conn);
	RES(PQexec(conn, "SELECT a, b FROM t ORDER BY a, b"));
}

static void
out(PGconn *conn)
{
	char	   *buffer;

	CASE("out");
	RES(PQexec(conn, "COPY (SELECT a, b FROM t ORDER BY a, b) TO STDOUT"));
	show_state(conn);
	RES(PQgetResult(conn));
	get_all(conn, 0);
	INT(PQgetCopyData(conn, &buffer, 0));
	drain(conn);
	INT(PQgetCopyData(conn, &buffer, 0));
	ERR(conn);
	CASE("out, asynchronous");
	RES(PQexec(conn, "COPY (SELECT generate_series(1,3)) TO STDOUT"));
	get_all(conn, 1);
	drain(conn);
	CASE("out, an error in it");
	RES(PQexec(conn, "COPY (SELECT 1/(3-i) FROM generate_series(1,5) i) TO STDOUT"));
	get_all(conn, 0);
	drain(conn);
	CASE("out, empty and zero columns");
	RES(PQexec(conn, "COPY (SELECT 1 WHERE false) TO STDOUT"));
	get_all(conn, 0);
	drain(conn);
	RES(PQexec(conn, "COPY (SELECT ''::text FROM generate_series(1,2)) TO STDOUT"));
	get_all(conn, 0);
	drain(conn);
	CASE("out, skipped by a query");
	RES(PQexec(conn, "COPY (SELECT generate_series(1,1000)) TO STDOUT"));
	RES(PQexec(conn, "SELECT 'after COPY'"));
	CASE("out, notices in it");
	RES(PQexec(conn, "COPY (SELECT f(i) FROM generate_series(1,2) i) TO STDOUT"));
	get_all(conn, 0);
	drain(conn);
	CASE("two COPY in one string");
	INT(PQsendQuery(conn, "COPY (SELECT 1) TO STDOUT; COPY (SELECT 2) TO STDOUT; SELECT 3"));
	RES(PQgetResult(conn));
	get_all(conn, 0);
	RES(PQgetResult(conn));
	RES(PQgetResult(conn));
	get_all(conn, 0);
	drain(conn);
	CASE("binary");
	RES(PQexec(conn, "COPY (SELECT 1::int, 'x'::text, NULL::int) TO STDOUT (FORMAT binary)"));
	get_all(conn, 0);
	drain(conn);
	must(conn, "CREATE TEMP TABLE b (a int, b text, c int)");
	RES(PQexec(conn, "COPY b FROM STDIN (FORMAT binary)"));
	INT(PQputCopyData(conn, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\0\3\0\0\0\4\0\0\0\1\0\0\0\1x\377\377\377\377\377\377", 42));
	INT(PQputCopyEnd(conn, NULL));
	drain(conn);
	RES(PQexec(conn, "TABLE b"));
}

static void
old(PGconn *conn)
{
	char		line[16];
	int			i,
				n;

	CASE("PQputline, PQputnbytes, PQendcopy");
	RES(PQexec(conn, "COPY t FROM STDIN"));
	INT(PQputline(conn, "20\ttwenty\n"));
	INT(PQputnbytes(conn, "21\ttwenty-one\nrest", 14));
	INT(PQputline(conn, "\\.\n"));
	INT(PQendcopy(conn));
	ERR(conn);
	CASE("PQgetline");
	RES(PQexec(conn, "COPY (SELECT 'a line that is longer than the buffer' UNION ALL SELECT 'short') TO STDOUT"));
	for (i = 0; i < 12; i++)
	{
		memset(line, 0, sizeof(line));
		n = PQgetline(conn, line, sizeof(line));
		printf("  getline %d ", n);
		show_text(line);
		putchar('\n');
		if (n == EOF || strcmp(line, "\\.") == 0)
			break;
	}
	INT(PQendcopy(conn));
	ERR(conn);
	drain(conn);
	CASE("PQgetlineAsync");
	RES(PQexec(conn, "COPY (SELECT 'a line that is longer than the buffer' UNION ALL SELECT 'short') TO STDOUT"));
	for (i = 0; i < 100; i++)
	{
		n = PQgetlineAsync(conn, line, sizeof(line));
		if (n == 0)
		{
			/* how often, depends on how the bytes arrive */
			wait_socket(conn, false);
			if (!PQconsumeInput(conn))
				ERR(conn);
			continue;
		}
		printf("  getlineAsync %d ", n);
		if (n > 0)
			show_bytes(line, (size_t) n);
		putchar('\n');
		if (n < 0)
			break;
	}
	INT(PQendcopy(conn));
	drain(conn);
	CASE("PQendcopy without reading all");
	RES(PQexec(conn, "COPY (SELECT generate_series(1,10)) TO STDOUT"));
	INT(PQendcopy(conn));
	ERR(conn);
	CASE("PQendcopy after an error");
	RES(PQexec(conn, "COPY t FROM STDIN"));
	INT(PQputline(conn, "bad\n"));
	INT(PQendcopy(conn));
	ERR(conn);
	CASE("outside COPY");
	INT(PQputline(conn, "x\n"));
	ERR(conn);
	INT(PQendcopy(conn));
	ERR(conn);
	memset(line, 'x', sizeof(line));
	INT(PQgetline(conn, line, sizeof(line)));
	show_bytes(line, 2);
	putchar('\n');
	INT(PQgetline(conn, line, 2));
	INT(PQgetlineAsync(conn, line, sizeof(line)));
	ERR(conn);
	INT(PQputCopyData(conn, "x", 1));
	INT(PQputCopyEnd(conn, NULL));
	ERR(conn);
	INT(PQputCopyData(conn, "x", -1));
	ERR(conn);
	RES(PQexec(conn, "SELECT 1"));
}

static void
both(const char *conninfo)
{
	char		text[1024];
	PGconn	   *conn;
	PGresult   *res;
	char	   *buffer;
	int			n;
	char		status[34] = "r";

	CASE("both ways");
	snprintf(text, sizeof(text), "%s replication=true", conninfo);
	conn = must_connect(text);
	res = PQexec(conn, "IDENTIFY_SYSTEM");
	INT(PQresultStatus(res));
	snprintf(text, sizeof(text), "START_REPLICATION %s TIMELINE %s", PQgetvalue(res, 0, 2), PQgetvalue(res, 0, 1));
	PQclear(res);
	res = PQexec(conn, text);
	show_result(res);
	PQclear(res);
	show_state(conn);
	RES(PQgetResult(conn));
	/* a status update: received, flushed, applied, clock, reply wanted */
	memset(status + 1, 0, sizeof(status) - 1);
	status[33] = 1;
	INT(PQputCopyData(conn, status, 34));
	INT(PQflush(conn));
	do
	{
		n = PQgetCopyData(conn, &buffer, 0);
		if (n > 0)
		{
			/* WAL comes, too, as much as other sessions write */
			if (buffer[0] != 'w')
				printf("  message %c\n", buffer[0]);
			n = buffer[0] == 'k' ? 0 : 1;
			PQfreemem(buffer);
		}
	} while (n > 0);
	INT(n);
	RES(PQexec(conn, "SELECT 1"));
	ERR(conn);
	INT(PQputCopyEnd(conn, NULL));
	show_state(conn);
	RES(PQgetResult(conn));
	do
	{
		n = PQgetCopyData(conn, &buffer, 0);
		if (n > 0)
			PQfreemem(buffer);
	} while (n > 0);
	INT(n);
	drain(conn);
	PQfinish(conn);
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	int			i;

	must(conn, "CREATE TABLE t (a int, b text)");
	must(conn, "CREATE FUNCTION f(i int) RETURNS int LANGUAGE plpgsql AS "
		 "$$ BEGIN RAISE NOTICE 'notice %', i; PERFORM pg_notify('c', i::text); RETURN i; END $$");
	in(conn);
	out(conn);
	old(conn);
	CASE("non-blocking");
	INT(PQsetnonblocking(conn, 1));
	RES(PQexec(conn, "COPY t FROM STDIN"));
	{
		int			refused = 0;

		/* behaviour 207: what does not go out is kept, as long as there is memory */
		for (i = 0; i < 20000; i++)
			while (put(conn, "1\tbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n") == 0)
			{
				refused++;
				wait_socket(conn, true);
			}
		INT(refused);
	}
	while (PQputCopyEnd(conn, NULL) == 0)
		wait_socket(conn, true);
	drain(conn);
	INT(PQsetnonblocking(conn, 0));
	PQfinish(conn);
	both(conninfo);
	return 0;
}
