/* PQexec and everything a result can be asked. */
/* covers: 140 141 147 148 161 164 165 166 174 221 222 223 224 226 227 228 229 230 231 232 233 241 247 */
#include "helpers.h"

static void
accessors(PGconn *conn)
{
	PGresult   *res;

	CASE("accessors");
	res = PQexec(conn, "SELECT 1 AS one, NULL::text AS \"Two\", ''::varchar(7) AS three, 'x'::\"char\" AS \"fo\"\"ur\", "
				 "1.5::numeric(10,3) AS one FROM generate_series(1,2)");
	show_result(res);
	/* behaviour 228: how a column name is folded */
	INT(PQfnumber(res, "one"));
	INT(PQfnumber(res, "ONE"));
	INT(PQfnumber(res, "\"one\""));
	INT(PQfnumber(res, "\"ONE\""));
	INT(PQfnumber(res, "Two"));
	INT(PQfnumber(res, "\"Two\""));
	INT(PQfnumber(res, "\"T\"wo"));
	INT(PQfnumber(res, "\"fo\"\"ur\""));
	INT(PQfnumber(res, "fo\"ur"));
	INT(PQfnumber(res, "three"));
	INT(PQfnumber(res, " three"));
	INT(PQfnumber(res, ""));
	INT(PQfnumber(res, "\"\""));
	INT(PQfnumber(res, "\""));
	INT(PQfnumber(res, NULL));
	INT(PQfnumber(res, "none"));
	/* behaviours 223 and 227: out of range, with a notice on standard error */
	STR(PQfname(res, 5));
	STR(PQfname(res, -1));
	INT(PQftype(res, 5));
	INT(PQfsize(res, 5));
	INT(PQfmod(res, -1));
	INT(PQfformat(res, 5));
	INT(PQftable(res, 5));
	INT(PQftablecol(res, 5));
	STR(PQgetvalue(res, 2, 0));
	STR(PQgetvalue(res, -1, 0));
	STR(PQgetvalue(res, 0, 5));
	INT(PQgetlength(res, 2, 0));
	INT(PQgetisnull(res, 2, 0));
	INT(PQgetisnull(res, 0, -1));
	INT(PQgetisnull(res, 0, 1));
	INT(PQparamtype(res, 0));
	INT(PQnparams(res));
	STR(PQoidStatus(res));
	STR(PQresultErrorMessage(res));
	STR(PQresultErrorField(res, PG_DIAG_SQLSTATE));
	STR(PQresultErrorField(res, 0));
	OWN(PQresultVerboseErrorMessage(res, PQERRORS_VERBOSE, PQSHOW_CONTEXT_ALWAYS));
	PQclear(res);

	CASE("no rows");
	res = PQexec(conn, "SELECT 1 AS a WHERE false");
	show_result(res);
	STR(PQgetvalue(res, 0, 0));
	INT(PQgetisnull(res, 0, 0));
	PQclear(res);

	CASE("no columns");
	res = PQexec(conn, "SELECT FROM generate_series(1,3)");
	show_result(res);
	STR(PQfname(res, 0));
	STR(PQgetvalue(res, 0, 0));
	PQclear(res);
}

static void
tags(PGconn *conn)
{
	CASE("command tags");
	RES(PQexec(conn, "CREATE TEMP TABLE t (a int PRIMARY KEY, b text)"));
	RES(PQexec(conn, "INSERT INTO t VALUES (1,'x'),(2,'y'),(3,NULL)"));
	RES(PQexec(conn, "INSERT INTO t VALUES (4,'z') RETURNING a, b"));
	RES(PQexec(conn, "UPDATE t SET b = 'w' WHERE a > 1"));
	RES(PQexec(conn, "DELETE FROM t WHERE a = 4"));
	RES(PQexec(conn, "SELECT a, b FROM t ORDER BY a"));
	RES(PQexec(conn, "SELECT * INTO TEMP t2 FROM t"));
	RES(PQexec(conn, "CREATE TEMP TABLE t3 AS SELECT 1"));
	RES(PQexec(conn, "MERGE INTO t USING (SELECT 1 AS k) s ON t.a = s.k WHEN MATCHED THEN UPDATE SET b = 'm'"));
	RES(PQexec(conn, "BEGIN"));
	RES(PQexec(conn, "DECLARE c SCROLL CURSOR FOR SELECT a FROM t"));
	RES(PQexec(conn, "FETCH 2 FROM c"));
	RES(PQexec(conn, "MOVE 1 FROM c"));
	RES(PQexec(conn, "CLOSE c"));
	RES(PQexec(conn, "COMMIT"));
	RES(PQexec(conn, "VACUUM t"));
	RES(PQexec(conn, "SHOW integer_datetimes"));
	RES(PQexec(conn, "EXPLAIN (COSTS OFF) SELECT 1"));
	RES(PQexec(conn, "VALUES (1), (2)"));
	RES(PQexec(conn, "TABLE t"));
}

static void
strings(PGconn *conn)
{
	CASE("several statements");
	RES(PQexec(conn, "SELECT 1; SELECT 2, 3; SELECT 4 WHERE false"));
	RES(PQexec(conn, "SELECT 1; SELECT 1/0; SELECT 2"));
	RES(PQexec(conn, "SELECT 1; ; "));
	INT(PQsendQuery(conn, "SELECT 1; INSERT INTO t VALUES (10); ; SELECT 2"));
	drain(conn);
	INT(PQsendQuery(conn, "SELECT 1; SELECT 1/0; SELECT 3"));
	drain(conn);
	CASE("nothing");
	RES(PQexec(conn, ""));
	RES(PQexec(conn, "   "));
	RES(PQexec(conn, "-- comment"));
	RES(PQexec(conn, ";;"));
	INT(PQsendQuery(conn, ""));
	drain(conn);
	CASE("a long text");
	{
		size_t		size = 200000;
		char	   *sql = malloc(size + 64);
		PGresult   *res;

		strcpy(sql, "SELECT '");
		memset(sql + 8, 'q', size);
		strcpy(sql + 8 + size, "' AS long");
		res = PQexec(conn, sql);
		INT(PQgetlength(res, 0, 0));
		INT(strspn(PQgetvalue(res, 0, 0), "q"));
		PQclear(res);
		free(sql);
	}
}

static void
sizes(PGconn *conn)
{
	PGresult   *res;
	long		sum = 0;
	int			i;

	CASE("many rows");
	res = PQexec(conn, "SELECT i, repeat('x', i % 100), CASE WHEN i % 3 = 0 THEN NULL ELSE i::text END "
				 "FROM generate_series(1, 20000) i");
	INT(PQntuples(res));
	for (i = 0; i < PQntuples(res); i++)
	{
		sum += atol(PQgetvalue(res, i, 0)) + PQgetlength(res, i, 1) + (PQgetisnull(res, i, 2) ? 1 : 0);
		if ((int) strlen(PQgetvalue(res, i, 1)) != PQgetlength(res, i, 1) || atoi(PQgetvalue(res, i, 0)) != i + 1)
			printf("row %d is wrong\n", i);
	}
	INT(sum);
	PQclear(res);
	CASE("long values");
	res = PQexec(conn, "SELECT repeat('a', 3000000), repeat('b', 5000000) FROM generate_series(1, 2)");
	for (i = 0; i < 2; i++)
	{
		INT(PQgetlength(res, i, 0));
		INT(strspn(PQgetvalue(res, i, 0), "a"));
		INT(strspn(PQgetvalue(res, i, 1), "b"));
	}
	PQclear(res);
	CASE("many columns");
	res = PQexec(conn, "SELECT * FROM json_to_record('{}') AS x(a int)");
	show_result(res);
	PQclear(res);
	{
		char	   *sql = malloc(1600 * 20);
		char	   *end = sql + sprintf(sql, "SELECT 0 AS c0");

		for (i = 1; i < 1600; i++)
			end += sprintf(end, ", %d AS c%d", i, i);
		res = PQexec(conn, sql);
		INT(PQnfields(res));
		STR(PQfname(res, 1599));
		STR(PQgetvalue(res, 0, 1599));
		INT(PQfnumber(res, "c1500"));
		PQclear(res);
		free(sql);
	}
}

static void
refusals(PGconn *conn)
{
	PGresult   *res;

	CASE("refused");
	RES(PQexec(conn, NULL));
	ERR(conn);
	INT(PQsendQuery(conn, NULL));
	ERR(conn);
	INT(PQsendQuery(conn, "SELECT 1"));
	/* behaviour 167: busy */
	INT(PQsendQuery(conn, "SELECT 2"));
	ERR(conn);
	INT(PQsendQueryParams(conn, "SELECT 2", 0, NULL, NULL, NULL, NULL, 0));
	ERR(conn);
	/* behaviour 165: PQexec drops what is pending */
	RES(PQexec(conn, "SELECT 3"));
	ERR(conn);
	RES(PQexecParams(conn, "SELECT 1", -1, NULL, NULL, NULL, NULL, 0));
	ERR(conn);
	RES(PQexecParams(conn, "SELECT 1", 65536, NULL, NULL, NULL, NULL, 0));
	ERR(conn);
	RES(PQexecParams(conn, NULL, 0, NULL, NULL, NULL, NULL, 0));
	ERR(conn);
	RES(PQexecPrepared(conn, NULL, 0, NULL, NULL, NULL, 0));
	ERR(conn);
	RES(PQprepare(conn, NULL, "SELECT 1", 0, NULL));
	ERR(conn);
	RES(PQprepare(conn, "x", NULL, 0, NULL));
	ERR(conn);
	RES(PQexec(conn, "SELECT 'works'"));
	ERR(conn);
	CASE("a result outlives its connection");
	res = PQexec(conn, "SELECT 'outlives' AS a");
	PQfinish(conn);
	show_result(res);
	STR(PQgetvalue(res, 3, 3));
	PQclear(res);
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	int			i;

	accessors(conn);
	tags(conn);
	strings(conn);
	sizes(conn);
	CASE("names of states");
	for (i = -1; i < 16; i++)
		STR(PQresStatus((ExecStatusType) i));
	STR(PQresStatus((ExecStatusType) 1000));
	refusals(conn);
	return 0;
}
