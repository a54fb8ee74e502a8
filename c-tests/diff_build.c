/* Results made by the application. */
/* covers: 225 234 235 236 237 238 239 324 */
#include "helpers.h"

static void
processor(void *arg, const char *message)
{
	printf("  processor %s: ", (char *) arg);
	show_text(message);
	putchar('\n');
}

static void
show_copies(PGresult *res)
{
	int			flags;

	for (flags = 0; flags < 16; flags++)
	{
		PGresult   *copy = PQcopyResult(res, flags);

		printf("copy %d\n", flags);
		show_result(copy);
		PTR(PQgetvalue(copy, 99, 0));
		PQclear(copy);
	}
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	PGresult   *res;
	PGresAttDesc atts[] = {
		{"a", 7, 2, 0, 25, -1, 20},
		{NULL, 0, 0, 1, 23, 4, -1},
		{"Third", 0, -3, 0, 0, 0, 0},
	};
	char		name[] = "changed later";
	int			i;

	CASE("empty results of every status");
	PQsetNoticeProcessor(conn, processor, "p");
	QUIET(PQexec(conn, "SELECT nothing"));
	for (i = 0; i <= 12; i++)
		RES(PQmakeEmptyPGresult(conn, (ExecStatusType) i));
	for (i = 0; i <= 12; i++)
		RES(PQmakeEmptyPGresult(NULL, (ExecStatusType) i));
	CASE("attributes");
	res = PQmakeEmptyPGresult(conn, PGRES_TUPLES_OK);
	INT(PQsetvalue(res, 0, 0, "x", 1));
	INT(PQsetResultAttrs(res, 0, atts));
	INT(PQsetResultAttrs(res, -1, atts));
	INT(PQsetResultAttrs(res, 3, NULL));
	atts[0].name = name;
	INT(PQsetResultAttrs(res, 3, atts));
	name[0] = 'X';
	INT(PQsetResultAttrs(res, 3, atts));
	show_result(res);
	CASE("values");
	INT(PQsetvalue(res, 0, 0, "first", 5));
	INT(PQsetvalue(res, 0, 1, "second", 3));
	INT(PQsetvalue(res, 0, 2, NULL, 7));
	INT(PQsetvalue(res, 2, 0, "x", 1));
	INT(PQsetvalue(res, 0, 3, "x", 1));
	INT(PQsetvalue(res, 0, -1, "x", 1));
	INT(PQsetvalue(res, -1, 0, "x", 1));
	INT(PQsetvalue(res, 1, 2, "", 0));
	INT(PQsetvalue(res, 1, 1, "x", -1));
	INT(PQsetvalue(res, 0, 0, "longer than before", 18));
	INT(PQsetvalue(res, 0, 1, "a\0b", 3));
	show_result(res);
	for (i = 2; i < 500; i++)
		if (!PQsetvalue(res, i, i % 3, "many", 4))
			printf("row %d refused\n", i);
	INT(PQntuples(res));
	STR(PQgetvalue(res, 499, 499 % 3));
	PQclear(res);
	CASE("copies");
	res = PQexec(conn, "SELECT 1 AS a, NULL::text AS b, 'x'::bytea AS c FROM generate_series(1,2)");
	show_copies(res);
	INT(PQsetvalue(res, 0, 1, "changed", 7));
	INT(PQsetvalue(res, 2, 0, "added", 5));
	INT(PQsetvalue(res, 0, 0, NULL, -1));
	show_result(res);
	PQclear(res);
	res = PQexecParams(conn, "SELECT 'x'::bytea, 1", 0, NULL, NULL, NULL, NULL, 1);
	show_copies(res);
	PQclear(res);
	res = PQexec(conn, "SELECT nothing");
	show_copies(res);
	PQclear(res);
	res = PQexec(conn, "CREATE TEMP TABLE b (a int)");
	show_copies(res);
	PQclear(res);
	PTR(PQcopyResult(NULL, 15));
	CASE("memory");
	res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	INT(PQresultMemorySize(res) > 0);
	{
		size_t		before = PQresultMemorySize(res);
		char	   *p;
		char	   *q;

		p = PQresultAlloc(res, 100000);
		INT(p != NULL && ((size_t) p & 7) == 0);
		memset(p, 'x', 100000);
		INT(PQresultMemorySize(res) >= before + 100000);
		for (i = 1; i < 100; i++)
		{
			q = PQresultAlloc(res, (size_t) i);
			if (q == NULL || ((size_t) q & 7) != 0)
				printf("%d is not aligned\n", i);
			memset(q, 'y', (size_t) i);
		}
		INT(strspn(p, "x") >= 100000);
		INT(PQresultAlloc(res, 0) != NULL);
	}
	INT(PQresultMemorySize(NULL));
	PQclear(res);
	PQfinish(conn);
	return 0;
}
