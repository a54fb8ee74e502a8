/* Parameters: text, binary, NULL, types given and inferred, formats. */
/* covers: 175 176 177 178 224 225 226 */
#include "helpers.h"

#include <arpa/inet.h>

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	const char *values[4];
	int			lengths[4] = {0, 0, 0, 0};
	int			formats[4] = {0, 0, 0, 0};
	Oid			types[4] = {0, 0, 0, 0};
	uint32_t	number = htonl(70000);

	CASE("text");
	values[0] = "1";
	values[1] = "text";
	values[2] = NULL;
	values[3] = "";
	RES(PQexecParams(conn, "SELECT $1::int + 1, $2::text, $3::text, $4::text", 4, NULL, values, NULL, NULL, 0));
	RES(PQexecParams(conn, "SELECT $1::int + 1, $2::text, $3::text, $4::text", 4, NULL, values, NULL, NULL, 1));
	/* behaviour 176: lengths of texts do not matter */
	lengths[1] = 2;
	RES(PQexecParams(conn, "SELECT $1::int + 1, $2::text, $3::text, $4::text", 4, NULL, values, lengths, formats, 0));
	CASE("types given");
	types[0] = 23;
	types[1] = 25;
	RES(PQexecParams(conn, "SELECT pg_typeof($1), pg_typeof($2), $3 IS NULL, $4 || 'x'", 4, types, values, NULL, NULL, 0));
	types[0] = 21;
	types[1] = 1043;
	RES(PQexecParams(conn, "SELECT pg_typeof($1), pg_typeof($2), $3 IS NULL, $4 || 'x'", 4, types, values, NULL, NULL, 0));
	types[1] = 99999999;
	RES(PQexecParams(conn, "SELECT $1, $2, $3, $4", 4, types, values, NULL, NULL, 0));
	CASE("binary");
	values[0] = (const char *) &number;
	lengths[0] = 4;
	formats[0] = 1;
	values[1] = "a\0b";
	lengths[1] = 3;
	formats[1] = 1;
	RES(PQexecParams(conn, "SELECT $1::int, $2::bytea", 2, NULL, values, lengths, formats, 0));
	RES(PQexecParams(conn, "SELECT $1::int, $2::bytea, 'text'::text, NULL::int, '\\x0001'::bytea, 1.5::float8, "
					 "'{1,NULL,3}'::int[]", 2, NULL, values, lengths, formats, 1));
	lengths[1] = 0;
	RES(PQexecParams(conn, "SELECT $1::int, $2::bytea", 2, NULL, values, lengths, formats, 1));
	lengths[0] = 3;
	RES(PQexecParams(conn, "SELECT $1::int, $2::bytea", 2, NULL, values, lengths, formats, 1));
	CASE("binary without lengths");
	RES(PQexecParams(conn, "SELECT $1::int, $2::bytea", 2, NULL, values, NULL, formats, 1));
	ERR(conn);
	CASE("no values");
	RES(PQexecParams(conn, "SELECT $1::int, $2::bytea", 2, NULL, NULL, NULL, NULL, 0));
	RES(PQexecParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0));
	RES(PQexecParams(conn, "", 0, NULL, NULL, NULL, NULL, 0));
	CASE("wrong counts and statements");
	RES(PQexecParams(conn, "SELECT $1::int, $2::int", 1, NULL, values, lengths, formats, 0));
	RES(PQexecParams(conn, "SELECT 1", 1, NULL, values, lengths, formats, 0));
	RES(PQexecParams(conn, "SELECT 1; SELECT 2", 0, NULL, NULL, NULL, NULL, 0));
	values[0] = "x";
	RES(PQexecParams(conn, "SELECT $1::int", 1, NULL, values, NULL, NULL, 0));
	values[0] = "\xff";
	RES(PQexecParams(conn, "SELECT $1::text", 1, NULL, values, NULL, NULL, 0));
	RES(PQexecParams(conn, "SELECT $1", 1, NULL, values, NULL, NULL, 7));
	RES(PQexecParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 7));
	CASE("many parameters");
	{
		static const char *many[65535];
		PGresult   *res;
		int			i;

		for (i = 0; i < 65535; i++)
			many[i] = "7";
		res = PQexecParams(conn, "SELECT $1::int + $65535::int", 65535, NULL, many, NULL, NULL, 0);
		show_result(res);
		PQclear(res);
	}
	CASE("a long binary value");
	{
		int			size = 3000000;
		char	   *big = malloc((size_t) size);
		PGresult   *res;
		int			i,
					wrong = 0;

		for (i = 0; i < size; i++)
			big[i] = (char) (i * 7);
		values[0] = big;
		lengths[0] = size;
		formats[0] = 1;
		res = PQexecParams(conn, "SELECT $1::bytea", 1, NULL, values, lengths, formats, 1);
		INT(PQgetlength(res, 0, 0));
		for (i = 0; i < size && i < PQgetlength(res, 0, 0); i++)
			wrong += PQgetvalue(res, 0, 0)[i] != big[i];
		INT(wrong);
		PQclear(res);
		free(big);
	}
	PQfinish(conn);
	return 0;
}
