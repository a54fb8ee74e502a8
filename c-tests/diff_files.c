/* Service and password files, and PQconninfoParse. */
/* covers: 1 2 3 4 5 6 7 8 9 10 11 12 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 37 38 41 42 44 45 46 47 48 49 50 51 52 54 */
/* covers: 55 56 57 58 59 60 61 62 */
#include "helpers.h"

#include <sys/stat.h>

static void
write_file(const char *name, int mode, const char *text)
{
	FILE	   *f = fopen(name, "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 || chmod(name, (mode_t) mode) != 0)
		die(name);
}

static void
parse(const char *text)
{
	char	   *error = NULL;
	PQconninfoOption *all = PQconninfoParse(text, &error),
			   *o;

	show_text(text);
	printf(" -> ");
	show_text(error);
	for (o = all; o != NULL && o->keyword != NULL; o++)
		if (o->val != NULL)
		{
			printf(" %s=", o->keyword);
			show_text(o->val);
		}
	putchar('\n');
	PQconninfoFree(all);
	PQfreemem(error);
}

static const char *strings[] = {
	"", " ", "host=a", " host = a  port=5 ", "host='a b'", "host='a\\'b\\\\c'", "host=a\\ b", "host=a\\", "host=", "host= port=1", "host=''", "host='a'port=5",
	"host=a=b", "user=x'y", "host=a host=b", "HOST=a", "nope=1", "host", "host a", "=a", "host='a", "'host'=a", "requiressl=1", "requiressl=0",
	"host\t=\n'x'\r", "host=\xc3\xa9", "dbname=postgresql://x", "sslmode=anything", "port=x", "a\\b=c", "host=a b", "host=a,b",
	"postgresql://", "postgres://", "postgresql://h", "postgresql://h:1", "postgresql://h:1/", "postgresql://h:1/d", "postgresql://u@h", "postgresql://u:p@h",
	"postgresql://u:p@h/d?application_name=x", "postgresql://:p@h", "postgresql://@h", "postgresql://u:@h", "postgresql:///d", "postgresql:///d?host=/tmp",
	"postgresql://a,b", "postgresql://a:1,b:2/d", "postgresql://a:1,b,c:3", "postgresql://,", "postgresql://:1,:2", "postgresql://[::1]", "postgresql://[::1]:5/d",
	"postgresql://[]", "postgresql://[::1", "postgresql://[::1]x", "postgresql://%2ftmp", "postgresql://%2Ftmp/d", "postgresql://a%2cb", "postgresql://h/d/e#f",
	"postgresql://h?ssl=true", "postgresql://h?ssl=false", "postgresql://h?a=b", "postgresql://h?port=1&port=2", "postgresql://h?host", "postgresql://h?host=a=b",
	"postgresql://h?", "postgresql://h?host=a&", "postgresql://h?&host=a", "postgresql://h?host=a&&port=1", "postgresql://h/d?dbname=e", "postgresql://h/%00",
	"postgresql://h/%", "postgresql://h/%4", "postgresql://h/%zz", "postgresql://h/a b", "postgresql://h/ a ", "postgresql://u%40x:p%3Aq@h", "postgresql://h?user=a%20b",
	"postgresql://h?user=a+b", "POSTGRESQL://h", "postgresql:/h", "postgresql://u@x@h", "postgresql://h?user=a@b", "postgresql://h/d?requiressl=1",
	"postgresql://h?=x", "postgresql://h?service=", "postgresql://h:x", "postgresql://h:1:2",
};

static void
show(const char *text)
{
	PGconn	   *conn = PQconnectStart(text);
	PQconninfoOption *all = PQconninfo(conn),
			   *o;

	show_text(text);
	putchar('\n');
	for (o = all; o != NULL && o->keyword != NULL; o++)
		if (o->val != NULL && (strcmp(o->keyword, "host") == 0 || strcmp(o->keyword, "port") == 0 || strcmp(o->keyword, "dbname") == 0
							   || strcmp(o->keyword, "user") == 0 || strcmp(o->keyword, "password") == 0
							   || strcmp(o->keyword, "application_name") == 0 || strcmp(o->keyword, "service") == 0))
		{
			printf("  %s=", o->keyword);
			show_text(o->val);
		}
	printf("\n  pass=");
	show_text(PQpass(conn));
	ERR(conn);
	PQconninfoFree(all);
	PQfinish(conn);
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	char		text[2048];
	char		host[256];
	char		port[32];
	size_t		i;
	char		longline[1100];

	snprintf(host, sizeof(host), "%s", PQhost(conn));
	snprintf(port, sizeof(port), "%s", PQport(conn));
	PQfinish(conn);
	CASE("strings and URIs");
	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		parse(strings[i]);
	{
		PQconninfoOption *o = PQconninfoParse("host", NULL);

		PTR(o);
	}
	CASE("password file");
	write_file(".pgpass", 0600, "# comment\nlocalhost:*:*:nobody:x\n/nonexistent:1:d:u:by\\:host\\\\\r\n*:2:*:u:star:rest\n*:*:e:u:\n*:*:*:u:any\n");
	show("host=/nonexistent port=1 dbname=d user=u");
	show("host=/nonexistent port=2 dbname=d user=u");
	show("host=/nonexistent port=3 dbname=d user=u");
	show("host=/nonexistent port=3 dbname=e user=u");
	show("host=/nonexistent port=3 dbname=d user=v");
	show("host=/nonexistent port=3 dbname=d user=u password=given");
	show("host=/nonexistent,/nowhere port=1,2 dbname=d user=u");
	show("port=3 user=nobody dbname=d host=/nonexistent");
	chmod(".pgpass", 0640);
	show("host=/nonexistent port=1 dbname=d user=u");
	write_file("other", 0600, "*:*:*:*:other");
	show("host=/nonexistent port=1 dbname=d user=u passfile=other");
	show("host=/nonexistent port=1 dbname=d user=u passfile=missing");
	show("host=/nonexistent port=1 dbname=d user=u passfile=.");
	setenv("PGPASSFILE", "other", 1);
	show("host=/nonexistent port=1 dbname=d user=u");
	unsetenv("PGPASSFILE");
	snprintf(text, sizeof(text), "%s:%s:*:pqp_scram:pw-scram\n*:*:*:pqp_md5:wrong\n", host, port);
	write_file("right", 0600, text);
	snprintf(text, sizeof(text), "host=%s port=%s dbname=postgres user=pqp_scram passfile=right", host, port);
	conn = PQconnectdb(text);
	show_state(conn);
	ERR(conn);
	STR(PQpass(conn));
	INT(PQconnectionUsedPassword(conn));
	PQfinish(conn);
	/* behaviour 62 */
	snprintf(text, sizeof(text), "host=%s port=%s dbname=postgres user=pqp_md5 passfile=right", host, port);
	conn = PQconnectdb(text);
	ERR(conn);
	INT(PQconnectionNeedsPassword(conn));
	PQfinish(conn);
	CASE("service file");
	show("service=missing host=/nonexistent");
	memset(longline, 'x', sizeof(longline));
	longline[1050] = '\0';
	snprintf(text, sizeof(text), "# comment\n[one]\nhost=/nonexistent\nport=11\nuser=first\nuser=second\n  application_name=spaced out  \n\n[two]more\nport = 12\n"
			 "[three]\nnonsense=1\n[four]\nport\n[five]\nservice=one\n[six]\nhost=/nonexistent\n%s\n[seven]\nldap://x\nhost=/nonexistent\n", longline);
	write_file(".pg_service.conf", 0644, text);
	show("service=one");
	show("service=one user=explicit port=99");
	show("service=two");
	show("service=tw");
	show("service=three");
	show("service=four");
	show("service=five");
	show("service=six");
	show("service=missing");
	show("service=''");
	setenv("PGSERVICE", "one", 1);
	show("");
	show("service=none");
	setenv("PGUSER", "environment", 1);
	show("");
	unsetenv("PGUSER");
	unsetenv("PGSERVICE");
	setenv("PGSERVICEFILE", "no_such_file", 1);
	show("service=one");
	write_file("service", 0644, "[here]\nhost=/nonexistent\ndbname=in the file\n");
	setenv("PGSERVICEFILE", "service", 1);
	show("service=here");
	show("service=one");
	mkdir("sysconf", 0755);
	write_file("sysconf/pg_service.conf", 0644, "[system]\nhost=/nonexistent\nport=77\n");
	setenv("PGSYSCONFDIR", "sysconf", 1);
	show("service=system");
	show("service=here");
	show("postgresql://?service=system");
	CASE("requiressl");
	setenv("PGREQUIRESSL", "1", 1);
	{
		PQconninfoOption *all = PQconndefaults(),
				   *o;

		for (o = all; o->keyword != NULL; o++)
			if (strcmp(o->keyword, "sslmode") == 0)
				STR(o->val);
		PQconninfoFree(all);
	}
	return 0;
}
