/* PQprint, PQdisplayTuples, PQprintTuples. */
/* covers: 297 298 299 300 301 302 303 304 305 */
#include "helpers.h"

static void
print_all(PGresult *res, char **names)
{
	int			bits;

	for (bits = 0; bits < 32; bits++)
	{
		PQprintOpt	opt;

		memset(&opt, 0, sizeof(opt));
		opt.header = (bits & 1) != 0;
		opt.align = (bits & 2) != 0;
		opt.standard = (bits & 4) != 0;
		opt.html3 = (bits & 8) != 0;
		opt.expanded = (bits & 16) != 0;
		opt.fieldSep = "|";
		opt.fieldName = names;
		if (opt.html3 && (bits & 4))
		{
			opt.tableOpt = "border=1";
			opt.caption = "a caption";
		}
		printf("-- round %d\n", bits);
		fflush(stdout);
		PQprint(stdout, res, &opt);
	}
	for (bits = 0; bits < 8; bits++)
	{
		printf("-- round display %d\n", bits);
		PQdisplayTuples(res, stdout, bits & 1, bits & 4 ? "::" : NULL, (bits & 2) != 0, (bits & 4) != 0);
	}
	for (bits = 0; bits < 4; bits++)
	{
		printf("-- round tuples %d\n", bits);
		PQprintTuples(res, stdout, bits & 1, bits & 2, 0);
		PQprintTuples(res, stdout, bits & 1, bits & 2, 20);
	}
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	const char *queries[] = {
		"SELECT 1 AS id, 'text'::text AS name, 1.5 AS number, NULL::text AS nothing UNION ALL "
		"SELECT 20000, 'a longer text', -2.25e10, '' UNION ALL SELECT -3, 'x|y<&>', 0, 'z' ORDER BY 1",
		"SELECT 'one' AS only",
		"SELECT 1 AS a WHERE false",
		"SELECT '\xc3\xa9\xc3\xa9' AS \"\xc3\xa9\", E'two\\nlines' AS b, E'tab\\there' AS c",
		"SELECT FROM generate_series(1,2)",
		"SELECT '12' AS a, '1-' AS b, 'E' AS c, ' 1' AS d, '1 2' AS e, '-' AS f, '+1' AS g, '1.' AS h, '.' AS i, '' AS j",
	};
	char	   *names[] = {"other", "names", NULL};
	size_t		i;

	for (i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
	{
		PGresult   *res = PQexec(conn, queries[i]);

		printf("== %zu\n", i);
		print_all(res, NULL);
		if (i == 0)
		{
			CASE("other names");
			print_all(res, names);
		}
		PQclear(res);
	}
	CASE("binary");
	{
		PGresult   *res = PQexecParams(conn, "SELECT 1::int", 0, NULL, NULL, NULL, NULL, 1);
		PQprintOpt	opt = {.header = 1,.align = 1,.fieldSep = "|"};

		PQprint(stdout, res, &opt);
		PQclear(res);
		res = PQexec(conn, "SELECT nothing");
		PQprint(stdout, res, &opt);
		PQdisplayTuples(res, stdout, 1, "|", 1, 0);
		PQprintTuples(res, stdout, 1, 0, 0);
		PQclear(res);
	}
	PQfinish(conn);
	return 0;
}
