/* Parameter status and encodings. */
/* covers: 157 158 251 252 253 254 256 257 258 259 260 261 */
#include "helpers.h"

int			pg_char_to_encoding(const char *name);
const char *pg_encoding_to_char(int encoding);
int			pg_valid_server_encoding_id(int encoding);
int			pg_valid_server_encoding(const char *name);

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	const char *names[] = {"UTF8", "utf-8", "unicode", "latin1", "LATIN9", "iso-8859-1", "ISO_8859_5", "win1252", "mskanji", "SJIS",
		"big5", "gbk", "GB18030", "uhc", "johab", "euc_jp", "EUC-KR", "euc_cn", "euc_tw", "koi8r", "koi8u", "alt", "tcvn",
		"sqlascii", "SQL_ASCII", "mule_internal", "euc_jis_2004", "shift_jis_2004", "win874", "windows1251", "none", "",
	"UTF8 ", " u t f 8", "u.t.f.8"};
	const char *samples[] = {"a", "\xc3\xa9", "\xe6\x97\xa5", "\xf0\x9f\x98\x80", "\x80", "\xff", "\x93\xfa", "\xc6\xfc", "\x8e\xb1",
	"\x8f\xb0\xa1", "\xe6", "\xcc\x81", "\x81\x30\x81\x30", "\xef\xbc\xa1", "\x01", "\x7f", "\xed\xa0\x80", ""};
	size_t		i;
	int			e;

	CASE("names");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		show_text(names[i]);
		printf(" %d valid for servers %d\n", pg_char_to_encoding(names[i]), pg_valid_server_encoding(names[i]));
	}
	for (e = -1; e < 45; e++)
	{
		printf("%d ", e);
		show_text(pg_encoding_to_char(e));
		printf(" %d\n", pg_valid_server_encoding_id(e));
	}
	CASE("lengths");
	for (e = -1; e < 44; e++)
	{
		printf("%d:", e);
		for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		{
			char		padded[8] = "";

			strcpy(padded, samples[i]);
			printf(" %d/%d/%d", PQmblen(padded, e), PQdsplen(padded, e), PQmblenBounded(padded, e));
		}
		putchar('\n');
	}
	CASE("client encoding");
	INT(PQclientEncoding(conn));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		show_text(names[i]);
		printf(" %d", PQsetClientEncoding(conn, names[i]));
		printf(" %d ", PQclientEncoding(conn));
		show_text(PQparameterStatus(conn, "client_encoding"));
		putchar('\n');
		ERR(conn);
	}
	INT(PQsetClientEncoding(conn, "auto"));
	ERR(conn);
	INT(PQclientEncoding(conn));
	STR(PQparameterStatus(conn, "client_encoding"));
	{
		char		name[300];

		memset(name, 'x', sizeof(name));
		name[200] = '\0';
		INT(PQsetClientEncoding(conn, name));
		ERR(conn);
	}
	INT(PQsetClientEncoding(conn, "x'y"));
	ERR(conn);
	INT(PQsetClientEncoding(NULL, "UTF8"));
	CASE("reported settings");
	must(conn, "SET client_encoding = LATIN1");
	INT(PQclientEncoding(conn));
	RES(PQexec(conn, "SELECT E'\\u00e9' AS e"));
	must(conn, "SET client_encoding = UTF8");
	STR(PQparameterStatus(conn, "standard_conforming_strings"));
	must(conn, "SET standard_conforming_strings = off");
	STR(PQparameterStatus(conn, "standard_conforming_strings"));
	must(conn, "SET escape_string_warning = off");
	{
		char		out[64];
		int			error = 7;

		INT(PQescapeStringConn(conn, out, "a\\b'c", 5, &error));
		STR(out);
		must(conn, "SET standard_conforming_strings = on");
		INT(PQescapeStringConn(conn, out, "a\\b'c", 5, &error));
		STR(out);
		INT(error);
	}
	must(conn, "BEGIN; SET LOCAL TimeZone = 'Asia/Tokyo'");
	STR(PQparameterStatus(conn, "TimeZone"));
	must(conn, "ROLLBACK");
	STR(PQparameterStatus(conn, "TimeZone"));
	must(conn, "SET SESSION AUTHORIZATION pqp_trust");
	STR(PQparameterStatus(conn, "is_superuser"));
	STR(PQparameterStatus(conn, "session_authorization"));
	CASE("environment");
	INT(PQenv2encoding());
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		setenv("PGCLIENTENCODING", names[i], 1);
		INT(PQenv2encoding());
	}
	PQfinish(conn);
	CASE("client_encoding as an option");
	for (i = 0; i < 6; i++)
	{
		char		text[1024];

		snprintf(text, sizeof(text), "%s client_encoding='%s'", conninfo, names[i]);
		unsetenv("PGCLIENTENCODING");
		conn = PQconnectdb(text);
		INT(PQstatus(conn));
		INT(PQclientEncoding(conn));
		ERR(conn);
		PQfinish(conn);
	}
	return 0;
}
