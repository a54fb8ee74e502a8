/* Errors: every field, in every verbosity and context setting, with the display of the place. */
/* covers: 149 150 151 152 153 154 155 156 157 158 159 160 161 163 173 */
#include "helpers.h"

static const char *queries[] = {
	"SELECT 1 +",
	"SELECT no_such_column",
	"SELECT 1/0",
	"SELECT 1;\nSELECT\n\tno_such\tcolumn\nFROM t",
	"SELECT 'a',\r\n  nothing,\r\n 1",
	"SELECT 'a',\r  nothing,\r 1",
	"SELECT 'a', nothing, 1\n",
	"INSERT INTO e VALUES (1)",
	"INSERT INTO e VALUES (NULL)",
	"INSERT INTO e VALUES (-5)",
	"INSERT INTO child VALUES (99)",
	"SELECT 'x'::int",
	"SELECT 300::int2 * 300::int2 * 300::int2",
	"SELECT f_nested()",
	"SELECT f_sql()",
	"SELECT f_raise()",
	"DO $$ BEGIN EXECUTE 'SELECT 1 FROM nowhere'; END $$",
	"SELECT '1'::d",
	"SELECT aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, 1, 2, 3, 4",
	"SELECT 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, nothing, 22, 23, 24, 25, 26, 27, 28, 29, 30",
	"SELECT 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, nothing",
	"SELECT nothing, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25, 26",
	"SELECT '\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e', nothing, '\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e'",
	"SELECT '\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e', nothing, '\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e'",
	"SELECT 'e\xcc\x81' AS \xc3\xa9, nothing",
	"\n\n\nSELECT\n\n nothing\n\n",
	"x",
	"",
};

static void
all(PGconn *conn)
{
	size_t		i;
	int			v,
				c;

	for (i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
	{
		PGresult   *res;

		printf("-- round ");
		show_text(queries[i]);
		putchar('\n');
		for (v = PQERRORS_TERSE; v <= PQERRORS_SQLSTATE; v++)
			for (c = PQSHOW_CONTEXT_NEVER; c <= PQSHOW_CONTEXT_ALWAYS; c++)
			{
				PQsetErrorVerbosity(conn, (PGVerbosity) v);
				PQsetErrorContextVisibility(conn, (PGContextVisibility) c);
				res = PQexec(conn, queries[i]);
				printf("%d %d ", v, c);
				STR(PQresultErrorMessage(res));
				if (strcmp(PQresultErrorMessage(res), PQerrorMessage(conn)) != 0)
					ERR(conn);
				PQclear(res);
				/* the extended protocol keeps the text, too */
				if (c == PQSHOW_CONTEXT_ERRORS)
				{
					res = PQexecParams(conn, queries[i], 0, NULL, NULL, NULL, NULL, 0);
					STR(PQresultErrorMessage(res));
					PQclear(res);
					res = PQprepare(conn, "", queries[i], 0, NULL);
					STR(PQresultErrorMessage(res));
					PQclear(res);
				}
			}
		PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
		PQsetErrorContextVisibility(conn, PQSHOW_CONTEXT_ERRORS);
		res = PQexec(conn, queries[i]);
		show_result(res);
		/* behaviour 160: shown again in another way */
		for (v = PQERRORS_TERSE; v <= PQERRORS_SQLSTATE; v++)
			for (c = PQSHOW_CONTEXT_NEVER; c <= PQSHOW_CONTEXT_ALWAYS; c++)
				OWN(PQresultVerboseErrorMessage(res, (PGVerbosity) v, (PGContextVisibility) c));
		PQclear(res);
	}
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	PGresult   *res;

	must(conn, "CREATE TABLE e (a int PRIMARY KEY CHECK (a > 0)); INSERT INTO e VALUES (1);"
		 "CREATE TABLE child (a int REFERENCES e);"
		 "CREATE DOMAIN d AS int CHECK (VALUE > 10);"
		 "CREATE FUNCTION f_nested() RETURNS int LANGUAGE plpgsql AS "
		 "$$ BEGIN RETURN (SELECT x.nothing FROM (SELECT 1 AS y) x); END $$;"
		 "CREATE FUNCTION f_raise() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING "
		 "MESSAGE = E'two\\nlines', DETAIL = 'the detail', HINT = 'the hint', ERRCODE = 'P9999', COLUMN = 'col', "
		 "CONSTRAINT = 'con', DATATYPE = 'dt', TABLE = 'tab', SCHEMA = 'sch'; END $$;"
		 "SET check_function_bodies = off;"
		 "CREATE FUNCTION f_sql() RETURNS int LANGUAGE sql AS 'SELECT no_column\nFROM e'");
	CASE("settings");
	INT(PQsetErrorVerbosity(conn, PQERRORS_VERBOSE));
	INT(PQsetErrorVerbosity(conn, PQERRORS_SQLSTATE));
	INT(PQsetErrorVerbosity(conn, PQERRORS_DEFAULT));
	INT(PQsetErrorContextVisibility(conn, PQSHOW_CONTEXT_ALWAYS));
	INT(PQsetErrorContextVisibility(conn, PQSHOW_CONTEXT_ERRORS));
	CASE("UTF8");
	all(conn);
	CASE("other client encodings");
	must(conn, "SET client_encoding = EUC_JP");
	RES(PQexec(conn, "SELECT '\xc6\xfc\xcb\xdc\xb8\xec', nothing"));
	must(conn, "SET client_encoding = SJIS");
	RES(PQexec(conn, "SELECT '\x93\xfa\x96\x7b\x8c\xea', nothing"));
	must(conn, "SET client_encoding = LATIN1");
	RES(PQexec(conn, "SELECT '\xe9\xe9', nothing"));
	must(conn, "SET client_encoding = SQL_ASCII");
	RES(PQexec(conn, "SELECT 'x', nothing"));
	must(conn, "SET client_encoding = UTF8");
	CASE("prepared: no text to show");
	must(conn, "PREPARE p AS SELECT 1");
	RES(PQprepare(conn, "s", "SELECT $1::int / $2::int", 0, NULL));
	{
		const char *values[] = {"1", "0"};

		RES(PQexecPrepared(conn, "s", 2, values, NULL, NULL, 0));
		values[1] = "x";
		RES(PQexecPrepared(conn, "s", 2, values, NULL, NULL, 0));
		RES(PQexecPrepared(conn, "s", 1, values, NULL, NULL, 0));
		RES(PQexecPrepared(conn, "none", 0, NULL, NULL, NULL, 0));
		RES(PQdescribePrepared(conn, "none"));
		RES(PQdescribePortal(conn, "none"));
	}
	CASE("a lost connection's fields");
	res = PQexec(conn, "SELECT pg_terminate_backend(pg_backend_pid())");
	show_result(res);
	OWN(PQresultVerboseErrorMessage(res, PQERRORS_VERBOSE, PQSHOW_CONTEXT_ALWAYS));
	PQclear(res);
	PQfinish(conn);
	return 0;
}
