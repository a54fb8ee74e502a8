/*
 * Connection strings: key words and values, URIs, arrays, defaults and which of several settings wins. Nothing is
 * dialled but a directory without a socket in it. Options whose default depends on what a library was built with are
 * asked for only where a case is about them.
 */
/* covers: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 */
/* covers: 39 40 41 42 43 124 333 */
#include "helpers.h"

static void
show_set(const PQconninfoOption *options)
{
	const PQconninfoOption *o;

	for (o = options; o != NULL && o->keyword != NULL; o++)
		if (o->val != NULL)
		{
			printf("  %s: ", o->keyword);
			show_text(o->val);
			putchar('\n');
		}
}

static void
parse(const char *text)
{
	char	   *error = "untouched";
	PQconninfoOption *options;

	printf("parse ");
	show_text(text);
	putchar('\n');
	options = PQconninfoParse(text, &error);
	if (options == NULL || error != NULL)
	{
		printf("  error: ");
		show_text(error);
		putchar('\n');
		PQfreemem(error);
	}
	show_set(options);
	PQconninfoFree(options);
}

/* The value of one option. */
static void
show_option(const PQconninfoOption *options, const char *keyword)
{
	const PQconninfoOption *o;

	for (o = options; o != NULL && o->keyword != NULL; o++)
		if (strcmp(o->keyword, keyword) == 0)
		{
			printf("  %s: ", keyword);
			show_text(o->val);
			putchar('\n');
		}
}

/* What a connection took its options to be, and how it failed. */
static void
show_conn(PGconn *conn)
{
	static const char *const keywords[] = {"user", "password", "dbname", "host", "hostaddr", "port", "options",
	"application_name", "fallback_application_name", "connect_timeout", "client_encoding", "service", NULL};
	PQconninfoOption *options = PQconninfo(conn);
	int			i;

	for (i = 0; keywords[i] != NULL; i++)
		show_option(options, keywords[i]);
	printf("  db=");
	show_text(PQdb(conn));
	printf(" user=");
	show_text(PQuser(conn));
	printf(" pass=");
	show_text(PQpass(conn));
	printf(" host=");
	show_text(PQhost(conn));
	printf(" port=");
	show_text(PQport(conn));
	printf(" options=");
	show_text(PQoptions(conn));
	printf(" status=%d\n", PQstatus(conn));
	ERR(conn);
	PQconninfoFree(options);
	PQfinish(conn);
}

static void
start(const char *text)
{
	printf("start ");
	show_text(text);
	putchar('\n');
	show_conn(PQconnectStart(text));
}

/* The arguments are keyword, value pairs up to a NULL keyword. */
static void
params(int expand, const char *const *pairs)
{
	const char *keywords[16];
	const char *values[16];
	int			i;

	printf("params %d", expand);
	for (i = 0; pairs[2 * i] != NULL; i++)
	{
		keywords[i] = pairs[2 * i];
		values[i] = pairs[2 * i + 1];
		printf(" %s=", keywords[i]);
		show_text(values[i]);
	}
	putchar('\n');
	keywords[i] = NULL;
	/* what follows the end is not looked at */
	values[i] = "nothing";
	show_conn(PQconnectStartParams(keywords, values, expand));
}

#define PARAMS(expand, ...) do { const char *const pairs_[] = {__VA_ARGS__, NULL}; params(expand, pairs_); } while (0)

static void
keyword_values(void)
{
	static const char *const texts[] = {
		"", "  ", "host=a", " host = a port\t=\n5 ", "Host=a", "'host'=a", "nosuch=1", "host", "host a=b", "=x",
		"host=a\\ b", "host=a\\\\b user='it\\'s' dbname=x\\'y", "user='a b' password=''", "user='a''b'", "user='open",
		"user='a'host=b", "user=x'y'z", "password=a=b", "user=tail\\", "user='tail\\", "host= port=1", "host=",
		"host=''", "host=a host=b port=1 host=c", "requiressl=1", "requiressl=0", "requiressl=yes", "requiressl=",
		"sslmode=nonsense port=none connect_timeout=x", "sslmode=''", "dbname='postgresql://a/b'",
		"host\v=\fa", "user=\xc3\xa4 dbname=\x80", "user=''''", "user=a,b host=c,d", NULL};
	int			i;

	CASE("keyword/value strings");
	for (i = 0; texts[i] != NULL; i++)
		parse(texts[i]);
	/* behaviour 16: no place for the error */
	PTR(PQconninfoParse("nosuch=1", NULL));
}

static void
uris(void)
{
	static const char *const texts[] = {
		"postgresql://", "postgres://", "Postgresql://host", "postgresql:/host", "postgresql:///", "postgresql:///db",
		"postgresql://host", "postgresql://host:1", "postgresql://host:", "postgresql://host/", "postgresql://host/db",
		"postgresql://user@host", "postgresql://user:@host", "postgresql://:pw@host", "postgresql://@host",
		"postgresql://u:p@h:1/d?application_name=a&connect_timeout=3", "postgresql://u:p:q@h", "postgresql://u@v@h",
		"postgresql://h?user=a@b", "postgresql://h/?user=a@b", "postgresql://u%3Ax:p%40y@h%2Fz",
		"postgresql://a:1,b:2,c/d", "postgresql://a,b,c", "postgresql://,", "postgresql://:1,:2", "postgresql://a,,b:3",
		"postgresql://[::1]", "postgresql://[::1]:5/d", "postgresql://[::1],h", "postgresql://[::1]x", "postgresql://[]",
		"postgresql://[::1", "postgresql://[::1]?user=a", "postgresql://h/d/e#f?user=a", "postgresql://h/d%2Fe",
		"postgresql://h?", "postgresql://h?user=a&", "postgresql://h?&user=a", "postgresql://h?user=a&&port=1",
		"postgresql://h?user", "postgresql://h?user=a=b", "postgresql://h?user=", "postgresql://h?=a",
		"postgresql://h?nosuch=a", "postgresql://h?us%65r=a%20b+c", "postgresql://h?ssl=true", "postgresql://h?ssl=false",
		"postgresql://h?ssl=TRUE", "postgresql://h?requiressl=1", "postgresql://h?host=i&port=2&user=u&dbname=e",
		"postgresql://u@h:1/d?host=i&port=2&user=v&dbname=e", "postgresql://h/%00", "postgresql://h/%0", "postgresql://h/%zz",
		"postgresql://h/a b", "postgresql:// h /d", "postgresql://h/ d ", "postgresql://a%2Cb:1%2C2", "postgresql://%2Ftmp/d",
		"postgresql://%2Ftmp:5/d", "postgresql://@abstract", "postgresql://u%20v@h", "postgresql://h:port/d",
		"postgresql://h?sslmode=nonsense", "postgresql://h?password=p%25q", "postgresql://h:1:2/d", NULL};
	int			i;

	CASE("URIs");
	for (i = 0; texts[i] != NULL; i++)
		parse(texts[i]);
}

static void
judged(void)
{
	static const char *const options[] = {"sslmode", "sslnegotiation", "sslcertmode", "gssencmode", "channel_binding",
		"target_session_attrs", "load_balance_hosts", "min_protocol_version", "max_protocol_version",
	"ssl_min_protocol_version", "ssl_max_protocol_version", "require_auth", "requirepeer", NULL};
	static const char *const variables[] = {"PGSSLMODE", "PGSSLNEGOTIATION", "PGSSLCERTMODE", "PGGSSENCMODE",
		"PGCHANNELBINDING", "PGTARGETSESSIONATTRS", "PGLOADBALANCEHOSTS", "PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION",
	NULL};
	static const char *const lists[] = {"password", "password,md5", "!password,!md5", "none", "!none", "password,!md5",
		"!md5,password", "sasl", "!sasl", "Password", "password,", ",password", "password,,md5", "md5,md5", "!md5,!md5",
	"none,none", "!none,!none", "!", "password, md5", "gss,sspi,oauth,scram-sha-256,none,md5,password", "!!md5", NULL};
	char		text[256];
	int			i;

	CASE("options that must be something");
	for (i = 0; options[i] != NULL; i++)
	{
		/* one that is refused when dialled, not when parsed */
		snprintf(text, sizeof(text), "host=/nonexistent port=1 user=u %s=nonsense", options[i]);
		parse(text);
		start(text);
		snprintf(text, sizeof(text), "host=/nonexistent port=1 user=u %s=''", options[i]);
		start(text);
	}
	CASE("variables that must be something");
	for (i = 0; variables[i] != NULL; i++)
	{
		setenv(variables[i], "", 1);
		printf("%s ", variables[i]);
		start("host=/nonexistent port=1 user=u");
		unsetenv(variables[i]);
	}
	CASE("require_auth");
	for (i = 0; lists[i] != NULL; i++)
	{
		snprintf(text, sizeof(text), "host=/nonexistent port=1 user=u require_auth='%s'", lists[i]);
		start(text);
	}
	CASE("other judgements");
	start("host=/nonexistent port=1 user=u min_protocol_version=3.2 max_protocol_version=3.0");
	start("host=/nonexistent port=1 user=u min_protocol_version=3.1");
	start("host=/nonexistent port=1 user=u scram_client_key=x");
	start("host=/nonexistent port=1 user=u scram_client_key=YWJj");
	start("host=/nonexistent port=1 user=u scram_server_key='!'");
	start("host=/nonexistent port=1 user=u scram_server_key=YWJj");
	start("host=a,b hostaddr=127.0.0.1 user=u");
	start("host=a,b port=1,2,3 user=u");
	start("nosuch=1");
	start("host='");
	start("postgresql://[");
	/* which error comes first */
	start("host=a,b port=1,2,3 user=u require_auth=x min_protocol_version=y target_session_attrs=z");
}

static void
arrays(void)
{
	CASE("arrays");
	PARAMS(0, "host", "/nonexistent", "port", "1", "user", "u", "dbname", "d");
	PARAMS(0, "host", "/nonexistent", "port", "1", "user", "u", "nosuch", "");
	PARAMS(0, "host", "/nonexistent", "port", "1", "user", "u", "nosuch", NULL);
	PARAMS(0, "host", "/nonexistent", "port", "1", "user", "u", "nosuch", "1");
	PARAMS(0, "host", "/nonexistent", "port", "1", "user", "u", "user", "v", "user", "");
	PARAMS(0, "host", "/nonexistent", "port", "1", "user", "u", "requiressl", "1");
	PARAMS(0, "host", "/nonexistent", "port", "1", "user", "u", "dbname", "host=/tmp port=2");
	PARAMS(1, "host", "/nonexistent", "port", "1", "user", "u", "dbname", "port=2 application_name=a");
	PARAMS(1, "port", "1", "dbname", "host=/nonexistent port=2 user=u", "application_name", "b", "user", "v");
	PARAMS(1, "host", "/nonexistent", "dbname", NULL, "dbname", "user=x port=1", "dbname", "port=3");
	PARAMS(1, "host", "/nonexistent", "port", "1", "user", "u", "dbname", "", "dbname", "user=x");
	PARAMS(1, "host", "/nonexistent", "port", "1", "user", "u", "dbname", "plain", "dbname", "user=x");
	PARAMS(1, "host", "/nonexistent", "dbname", "postgres://w@%2Fnonexistent:4/e?options=o", "options", "p");
	PARAMS(1, "host", "/nonexistent", "dbname", "dbname='a=b' port=1 user=u");
	PARAMS(1, "host", "/nonexistent", "dbname", "nosuch=1");
	CASE("PQsetdbLogin");
	show_conn(PQsetdbLogin("/nonexistent", "1", "-c x=1", "tty", "d", "u", "p"));
	show_conn(PQsetdbLogin("/nonexistent", "1", NULL, NULL, NULL, "u", NULL));
	show_conn(PQsetdbLogin("/nonexistent", "", "", "", "dbname=e user=w port=7 password=q", "u", ""));
	show_conn(PQsetdbLogin("/nonexistent", "2", NULL, NULL, "postgresql://w@h:5/e", NULL, NULL));
	show_conn(PQsetdbLogin("/nonexistent", "2", NULL, NULL, "nosuch=1", "u", NULL));
	show_conn(PQsetdbLogin("/nonexistent", "2", NULL, NULL, "", "u", NULL));
}

static void
defaults(void)
{
	PQconninfoOption *options;

	CASE("what wins");
	setenv("PGPORT", "11", 1);
	setenv("PGUSER", "env", 1);
	setenv("PGDATABASE", "envdb", 1);
	setenv("PGHOST", "/nonexistent", 1);
	setenv("PGAPPNAME", "envapp", 1);
	start("");
	start("port=12 dbname=x");
	start("user=''");
	PARAMS(1, "port", "", "dbname", "user=y");
	options = PQconndefaults();
	show_option(options, "port");
	show_option(options, "user");
	show_option(options, "dbname");
	PQconninfoFree(options);
	unsetenv("PGDATABASE");
	/* behaviour 43: the database is called as the user only when dialled */
	options = PQconndefaults();
	show_option(options, "dbname");
	PQconninfoFree(options);
	start("");
	unsetenv("PGPORT");
	unsetenv("PGUSER");
	unsetenv("PGHOST");
	unsetenv("PGAPPNAME");
	CASE("a service that is not there does not keep the defaults away");
	setenv("PGSERVICE", "nowhere", 1);
	options = PQconndefaults();
	show_option(options, "service");
	show_option(options, "port");
	PQconninfoFree(options);
	unsetenv("PGSERVICE");
	CASE("old and implied ways to ask for encryption");
	setenv("PGREQUIRESSL", "1", 1);
	options = PQconndefaults();
	show_option(options, "sslmode");
	PQconninfoFree(options);
	setenv("PGSSLMODE", "allow", 1);
	options = PQconndefaults();
	show_option(options, "sslmode");
	PQconninfoFree(options);
	unsetenv("PGREQUIRESSL");
	unsetenv("PGSSLMODE");
	setenv("PGSSLROOTCERT", "system", 1);
	options = PQconndefaults();
	show_option(options, "sslmode");
	PQconninfoFree(options);
	setenv("PGSSLMODE", "disable", 1);
	options = PQconndefaults();
	show_option(options, "sslmode");
	PQconninfoFree(options);
	unsetenv("PGSSLROOTCERT");
	unsetenv("PGSSLMODE");
	VOID(PQconninfoFree(NULL));
}

int
main(int argc, char **argv)
{
	begin(argc, argv);
	keyword_values();
	uris();
	judged();
	arrays();
	defaults();
	return 0;
}
