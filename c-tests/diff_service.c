/*
 * Service files: which one is read, how, and what of it counts. The directory the program starts in is its home.
 */
/* covers: 37 41 44 45 46 47 48 49 50 51 52 */
#include "helpers.h"
#include "files.h"

static void
ask(const char *conninfo)
{
	static const char *const keywords[] = {"user", "dbname", "host", "port", "options", "application_name",
	"password", "service", NULL};
	PGconn	   *conn;
	PQconninfoOption *options;
	PQconninfoOption *o;
	int			i;

	printf("ask ");
	show_text(conninfo);
	putchar('\n');
	conn = PQconnectStart(conninfo);
	options = PQconninfo(conn);
	for (i = 0; keywords[i] != NULL; i++)
		for (o = options; o != NULL && o->keyword != NULL; o++)
			if (o->val != NULL && strcmp(o->keyword, keywords[i]) == 0)
			{
				printf("  %s: ", o->keyword);
				show_text(o->val);
				putchar('\n');
			}
	PQconninfoFree(options);
	ERR(conn);
	PQfinish(conn);
}

#define BASE "host=/nonexistent user=u dbname=d port=1 "

static void
contents(void)
{
	/* each a section to look up and the lines of it */
	static const char *const sections[] = {
		"application_name=plain\n", "  application_name=spaces around  \t\r\n", "application_name = inner\n",
		"application_name='quoted'\n", "application_name=a=b\n", "application_name=\n", "application_name\n", "=x\n",
		"nosuch=1\n", "Application_Name=x\n", "# comment\n\n   \n#x=1\napplication_name=a # not one\n", " # indented\n",
		"application_name=first\napplication_name=second\n", "service=other\n", "requiressl=1\n", "port=99\nuser=v\n",
		"application_name=last line", "application_name=\\'x\n", "password=in the clear\n", "ldap\n", NULL};
	char		line[1200];
	char		text[4096];
	int			i,
				n;

	CASE("lines");
	for (i = 0; sections[i] != NULL; i++)
	{
		snprintf(text, sizeof(text), "[other]\nnonsense here\n[s]\n%s", sections[i]);
		write_file(".pg_service.conf", 0644, text);
		show_text(sections[i]);
		putchar('\n');
		ask(BASE "service=s");
	}
	CASE("nonsense after the section does not matter");
	write_file(".pg_service.conf", 0644, "[s]\napplication_name=a\n[t]\nnonsense\n");
	ask(BASE "service=s");
	ask(BASE "service=t");
	CASE("how a section is found");
	write_file(".pg_service.conf", 0644,
			   "application_name=before any\n[sx]\nport=2\n  [s] and more\napplication_name=a\n[s]\napplication_name=b\n[ u ]\n"
			   "application_name=c\n[]\napplication_name=empty\n[S]\napplication_name=upper\n[v\napplication_name=open\n");
	ask(BASE "service=s");
	ask(BASE "service=sx");
	ask(BASE "service=S");
	ask(BASE "service=u");
	ask(BASE "service=' u '");
	ask(BASE "service=v");
	ask(BASE "service=''");
	ask(BASE "service=nowhere");
	CASE("how long a line may be");
	for (n = 1021; n <= 1024; n++)
	{
		memset(line, 'x', sizeof(line));
		memcpy(line, "application_name=", 17);
		line[n] = '\0';
		snprintf(text, sizeof(text), "[s]\n%s\n", line);
		write_file(".pg_service.conf", 0644, text);
		printf("%d\n", n);
		ask(BASE "service=s");
		/* in a section nobody asks for, too */
		snprintf(text, sizeof(text), "[r]\n%s\n[s]\nport=3\n", line);
		write_file(".pg_service.conf", 0644, text);
		ask(BASE "service=s");
	}
}

static void
places(void)
{
	CASE("no file at all");
	unlink(".pg_service.conf");
	ask(BASE "service=s");
	CASE("the file of the system");
	mkdir("system", 0755);
	setenv("PGSYSCONFDIR", "system", 1);
	ask(BASE "service=s");
	write_file("system/pg_service.conf", 0644, "[s]\napplication_name=system\n[t]\noptions=system\n");
	ask(BASE "service=s");
	CASE("the user's file comes first, and then alone");
	write_file(".pg_service.conf", 0644, "[s]\noptions=user\n");
	ask(BASE "service=s");
	ask(BASE "service=t");
	CASE("an error in the user's file ends it");
	write_file(".pg_service.conf", 0644, "[t]\nnonsense\n");
	ask(BASE "service=s");
	ask(BASE "service=t");
	CASE("PGSERVICEFILE");
	write_file("third", 0644, "[s]\napplication_name=third\n");
	setenv("PGSERVICEFILE", "third", 1);
	ask(BASE "service=s");
	ask(BASE "service=t");
	setenv("PGSERVICEFILE", "absent", 1);
	ask(BASE "service=s");
	ask(BASE "service=t");
	setenv("PGSERVICEFILE", "", 1);
	ask(BASE "service=s");
	setenv("PGSERVICEFILE", "system", 1);
	ask(BASE "service=s");
	setenv("PGSERVICEFILE", "third", 1);
	CASE("what wins");
	setenv("PGSERVICE", "s", 1);
	setenv("PGAPPNAME", "environment", 1);
	ask(BASE);
	ask(BASE "application_name=explicit");
	ask(BASE "service=nowhere");
	ask("postgresql:///d?host=/nonexistent&service=s&user=u&port=1");
	write_file("third", 0644, "[s]\nuser=su\nport=7\ndbname=sd\nhost=/nonexistent/service\npassword=sp\n");
	ask("");
	ask("port=1");
	setenv("PGSERVICE", "", 1);
	ask(BASE);
	unsetenv("PGSERVICE");
	unsetenv("PGSERVICEFILE");
	CASE("no home");
	unsetenv("PGSYSCONFDIR");
	setenv("HOME", "/nonexistent", 1);
	ask(BASE "service=s");
	CASE("defaults");
	setenv("PGSERVICE", "s", 1);
	setenv("PGSERVICEFILE", "third", 1);
	{
		PQconninfoOption *options = PQconndefaults();
		PQconninfoOption *o;

		for (o = options; o != NULL && o->keyword != NULL; o++)
			if (strcmp(o->keyword, "port") == 0 || strcmp(o->keyword, "password") == 0 || strcmp(o->keyword, "service") == 0)
			{
				printf("  %s: ", o->keyword);
				show_text(o->val);
				putchar('\n');
			}
		PQconninfoFree(options);
	}
}

int
main(int argc, char **argv)
{
	begin(argc, argv);
	contents();
	places();
	return 0;
}
