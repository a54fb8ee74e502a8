/* Escaping, in every client encoding. */
/* covers: 286 287 288 289 290 291 292 293 294 295 296 */
#include "helpers.h"

static const struct
{
	const char *bytes;
	int			length;
}			inputs[] = {
	{"", 0}, {"plain", 5}, {"it's", 4}, {"a\\b", 3}, {"a\"b", 3}, {"'\\\"'", 4}, {"stop\0here", 9},
	{"\xc3\xa9", 2}, {"\xc3", 1}, {"a\xc3'b", 4}, {"\xe6\x97'", 3}, {"\xe6\x97\xa5'", 4}, {"\xf0\x9f\x98\x80", 4}, {"\xf0\x9f\x98", 3},
	{"\x80", 1}, {"\xff\xff", 2}, {"\xff'", 2}, {"\x81\x5c", 2}, {"\x95\x5c'", 3}, {"\x95'", 2}, {"\x95\\'", 3}, {"\xa1'", 2}, {"\xa1\xa1", 2},
	{"\x8e'", 2}, {"\x8f\xa1'", 3}, {"\x8f\xa1\xa1", 3}, {"\xed\xa0\x80", 3}, {"\xc0\xa7", 2}, {"\x81\x30\x81\x30", 4}, {"\x81\x30'", 3},
	{"abc\xc3", 4}, {"x\x93\xfa\x96\x7by", 6}, {"\xfe\xfe", 2}, {"a\xe9", 2}, {"\xc3\xa9\xc3\xa9\xc3", 5}, {"'\x80'\x80'", 5},
};

static void
every(PGconn *conn)
{
	size_t		i;

	for (i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++)
	{
		/* an exact copy, so that a read behind it can be seen by a checker */
		size_t		n = (size_t) inputs[i].length;
		char	   *in = malloc(n == 0 ? 1 : n);
		char		out[64];
		int			error = -7;
		size_t		size;
		char	   *text;

		memcpy(in, inputs[i].bytes, n);
		show_bytes(in, n);
		memset(out, 'z', sizeof(out));
		size = PQescapeStringConn(conn, out, in, n, &error);
		printf(" string %zu %d ", size, error);
		show_bytes(out, strnlen(out, sizeof(out)));
		if (error)
			ERR(conn);
		memset(out, 'z', sizeof(out));
		size = PQescapeStringConn(conn, out, in, n, NULL);
		printf(" %zu", size);
		text = PQescapeLiteral(conn, in, n);
		printf(" literal ");
		show_text(text);
		PQfreemem(text);
		text = PQescapeIdentifier(conn, in, n);
		printf(" identifier ");
		show_text(text);
		PQfreemem(text);
		putchar('\n');
		ERR(conn);
		memset(out, 'z', sizeof(out));
		size = PQescapeString(out, in, n);
		printf(" unconnected %zu ", size);
		show_bytes(out, strnlen(out, sizeof(out)));
		text = (char *) PQescapeByteaConn(conn, (unsigned char *) in, n, &size);
		printf(" bytea %zu ", size);
		show_text(text);
		PQfreemem(text);
		text = (char *) PQescapeBytea((unsigned char *) in, n, &size);
		printf(" %zu ", size);
		show_text(text);
		PQfreemem(text);
		putchar('\n');
		free(in);
	}
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn;
	const char *encodings[] = {"UTF8", "SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004", "EUC_JP", "EUC_CN", "EUC_KR",
	"EUC_TW", "EUC_JIS_2004", "MULE_INTERNAL", "LATIN1", "SQL_ASCII", "KOI8R"};
	const char *byteas[] = {"", "\\x", "\\x0", "\\x00ff41", "\\x0 0F\nf", "\\xzz", "\\x4g1", "plain", "\\\\", "\\001\\377\\400", "a\\", "\\'",
	"\\12", "\\1234", "\\X41", "a\\x41", "\\x414"};
	size_t		i;
	char		out[64];
	int			error;

	CASE("before any connection");
	every(NULL);
	conn = must_connect(conninfo);
	for (i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++)
	{
		CASE(encodings[i]);
		INT(PQsetClientEncoding(conn, encodings[i]));
		INT(PQclientEncoding(conn));
		every(conn);
	}
	INT(PQsetClientEncoding(conn, "UTF8"));
	CASE("standard_conforming_strings off");
	must(conn, "SET standard_conforming_strings = off");
	every(conn);
	INT(PQsetClientEncoding(conn, "SJIS"));
	every(conn);
	CASE("no connection");
	memset(out, 'z', sizeof(out));
	error = -7;
	INT(PQescapeStringConn(NULL, out, "abc", 3, &error));
	INT(error);
	STR(out);
	CASE("bytea back");
	for (i = 0; i < sizeof(byteas) / sizeof(byteas[0]); i++)
	{
		size_t		size = 99;
		unsigned char *text = PQunescapeBytea((const unsigned char *) byteas[i], &size);

		show_text(byteas[i]);
		printf(" %zu ", size);
		if (text == NULL)
			printf("NULL");
		else
			show_bytes((char *) text, size);
		PQfreemem(text);
		putchar('\n');
	}
	CASE("taken by the server");
	INT(PQsetClientEncoding(conn, "UTF8"));
	must(conn, "SET standard_conforming_strings = on");
	{
		char	   *literal = PQescapeLiteral(conn, "it's \\ \"quoted\" \xc3\xa9", 18);
		char	   *identifier = PQescapeIdentifier(conn, "it's \\ \"quoted\" \xc3\xa9", 18);
		char		sql[256];

		snprintf(sql, sizeof(sql), "SELECT %s AS %s", literal, identifier);
		RES(PQexec(conn, sql));
		PQfreemem(literal);
		PQfreemem(identifier);
	}
	PQfinish(conn);
	return 0;
}
