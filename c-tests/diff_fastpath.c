/* PQfn. */
/* covers: 182 */
#include "helpers.h"

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	PQArgBlock	args[2];
	char		buffer[64];
	int			number = -1;
	int			length = -7;
	int			i;

	CASE("integers");
	args[0].len = 4;
	args[0].isint = 1;
	args[0].u.integer = -5;
	RES(PQfn(conn, 1251, &number, &length, 1, args, 1));	/* int4abs */
	INT(number);
	INT(length);
	args[1] = args[0];
	RES(PQfn(conn, 177, &number, &length, 1, args, 2)); /* int4pl */
	INT(number);
	args[0].len = args[1].len = 2;
	args[0].u.integer = 300;
	args[1].u.integer = -7;
	number = 0;
	RES(PQfn(conn, 176, &number, &length, 1, args, 2)); /* int2pl */
	INT(number);
	INT(length);
	CASE("bytes");
	memset(buffer, 'z', sizeof(buffer));
	args[0].len = 5;
	args[0].isint = 0;
	args[0].u.ptr = (int *) (void *) "hello";
	RES(PQfn(conn, 870, (int *) (void *) buffer, &length, 0, args, 1));	/* lower(text) */
	INT(length);
	show_bytes(buffer, 8);
	putchar('\n');
	args[0].len = 0;
	RES(PQfn(conn, 870, (int *) (void *) buffer, &length, 0, args, 1));
	INT(length);
	CASE("NULL");
	args[0].len = -1;
	RES(PQfn(conn, 870, (int *) (void *) buffer, &length, 0, args, 1));
	INT(length);
	CASE("errors");
	args[0].len = 4;
	args[0].isint = 1;
	args[0].u.integer = 1;
	args[1] = args[0];
	args[1].u.integer = 0;
	RES(PQfn(conn, 154, &number, &length, 1, args, 2)); /* int4div */
	ERR(conn);
	RES(PQfn(conn, 999999, &number, &length, 1, args, 2));
	ERR(conn);
	RES(PQfn(conn, 1251, &number, &length, 1, args, 2));
	ERR(conn);
	for (i = 1; i <= 8; i++)
	{
		args[0].len = i;
		length = -7;
		RES(PQfn(conn, 1251, &number, &length, 1, args, 1));
		INT(length);
		ERR(conn);
		show_state(conn);
		if (PQstatus(conn) != CONNECTION_OK)
			PQreset(conn);
	}
	CASE("notices and notifications on the way");
	must(conn, "LISTEN c");
	must(conn, "CREATE FUNCTION fp() RETURNS int LANGUAGE plpgsql AS "
		 "$$ BEGIN RAISE NOTICE 'note'; PERFORM pg_notify('c', 'x'); SET application_name = 'fp'; RETURN 7; END $$");
	{
		PGresult   *res = PQexec(conn, "SELECT 'fp'::regproc::oid");
		int			oid = atoi(PQgetvalue(res, 0, 0));

		PQclear(res);
		RES(PQfn(conn, oid, &number, &length, 1, NULL, 0));
		INT(number);
		STR(PQparameterStatus(conn, "application_name"));
		{
			PGnotify   *notify = PQnotifies(conn);

			INT(notify != NULL);
			PQfreemem(notify);
		}
		CASE("wrong state");
		INT(PQsendQuery(conn, "SELECT 1"));
		RES(PQfn(conn, oid, &number, &length, 1, NULL, 0));
		ERR(conn);
		drain(conn);
	}
	must(conn, "BEGIN");
	QUIET(PQexec(conn, "SELECT nothing"));
	RES(PQfn(conn, 1251, &number, &length, 1, args, 1));
	ERR(conn);
	PQfinish(conn);
	return 0;
}
