/* Prepare, describe, execute, close; synchronous and asynchronous. */
/* covers: 168 179 180 181 242 */
#include "helpers.h"

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	const char *values[] = {"7", "x"};
	Oid			types[] = {20, 25};

	CASE("synchronous");
	RES(PQprepare(conn, "s", "SELECT $1::int AS a, $2::text AS b", 0, NULL));
	RES(PQprepare(conn, "s", "SELECT 1", 0, NULL));
	RES(PQprepare(conn, "typed", "SELECT $1 + 1 AS a, $2 AS b", 2, types));
	RES(PQprepare(conn, "bad", "SELECT $1 FROM nowhere", 0, NULL));
	RES(PQprepare(conn, "utility", "CHECKPOINT", 0, NULL));
	RES(PQprepare(conn, "empty", "", 0, NULL));
	RES(PQprepare(conn, "", "SELECT 'unnamed'", 0, NULL));
	RES(PQdescribePrepared(conn, "s"));
	RES(PQdescribePrepared(conn, "typed"));
	RES(PQdescribePrepared(conn, "utility"));
	RES(PQdescribePrepared(conn, "empty"));
	RES(PQdescribePrepared(conn, ""));
	RES(PQdescribePrepared(conn, NULL));
	RES(PQdescribePrepared(conn, "none"));
	RES(PQexecPrepared(conn, "s", 2, values, NULL, NULL, 0));
	RES(PQexecPrepared(conn, "s", 2, values, NULL, NULL, 1));
	RES(PQexecPrepared(conn, "typed", 2, values, NULL, NULL, 0));
	RES(PQexecPrepared(conn, "empty", 0, NULL, NULL, NULL, 0));
	RES(PQexecPrepared(conn, "", 0, NULL, NULL, NULL, 0));
	RES(PQexecPrepared(conn, "none", 0, NULL, NULL, NULL, 0));
	RES(PQclosePrepared(conn, "s"));
	RES(PQclosePrepared(conn, "s"));
	RES(PQclosePrepared(conn, "none"));
	RES(PQclosePrepared(conn, ""));
	RES(PQclosePrepared(conn, NULL));
	RES(PQexecPrepared(conn, "s", 2, values, NULL, NULL, 0));
	RES(PQexecPrepared(conn, "", 0, NULL, NULL, NULL, 0));
	CASE("portals");
	must(conn, "BEGIN");
	must(conn, "DECLARE c CURSOR FOR SELECT 1 AS a, 'x'::text AS b");
	RES(PQdescribePortal(conn, "c"));
	RES(PQdescribePortal(conn, "none"));
	must(conn, "ROLLBACK");
	must(conn, "BEGIN");
	must(conn, "DECLARE c BINARY CURSOR FOR SELECT 1 AS a");
	RES(PQdescribePortal(conn, "c"));
	RES(PQdescribePortal(conn, NULL));
	RES(PQclosePortal(conn, "c"));
	RES(PQclosePortal(conn, "c"));
	RES(PQclosePortal(conn, NULL));
	RES(PQexec(conn, "FETCH c"));
	must(conn, "ROLLBACK");
	CASE("asynchronous");
	INT(PQsendPrepare(conn, "a", "SELECT $1::int", 0, NULL));
	drain(conn);
	INT(PQsendDescribePrepared(conn, "a"));
	drain(conn);
	INT(PQsendQueryPrepared(conn, "a", 1, values, NULL, NULL, 0));
	drain(conn);
	INT(PQsendClosePrepared(conn, "a"));
	drain(conn);
	INT(PQsendClosePortal(conn, "none"));
	drain(conn);
	INT(PQsendDescribePortal(conn, "none"));
	drain(conn);
	INT(PQsendPrepare(conn, "b", "SELECT 1 FROM nowhere", 0, NULL));
	drain(conn);
	INT(PQsendDescribePrepared(conn, NULL));
	drain(conn);
	INT(PQsendQueryPrepared(conn, NULL, 0, NULL, NULL, NULL, 0));
	ERR(conn);
	INT(PQsendPrepare(conn, NULL, "SELECT 1", 0, NULL));
	ERR(conn);
	INT(PQsendQueryParams(conn, "SELECT $1::text", 1, NULL, values, NULL, NULL, 0));
	drain(conn);
	PQfinish(conn);
	return 0;
}
