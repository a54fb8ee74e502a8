/*
 * Options that libpq 18 does not have. The service file's path is an option of libpq 19; a library that lacks it is given
 * the environment variable instead, so what comes of it can be compared.
 */
/* covers: 15 41 45 46 51 409 */
#include "helpers.h"
#include "files.h"

#define BASE "host=/nonexistent user=u dbname=d port=1 "

static bool has_option;

static void
ask(const char *file, const char *conninfo)
{
	static const char *const keywords[] = {"port", "application_name", "options", "service", NULL};
	char		text[4096];
	PGconn	   *conn;
	PQconninfoOption *options;
	PQconninfoOption *o;
	int			i;

	printf("ask ");
	show_text(file);
	putchar(' ');
	show_text(conninfo);
	putchar('\n');
	if (!has_option && file != NULL)
		setenv("PGSERVICEFILE", file, 1);
	if (has_option && file != NULL)
		snprintf(text, sizeof(text), "servicefile='%s' %s", file, conninfo);
	else
		snprintf(text, sizeof(text), "%s", conninfo);
	conn = PQconnectStart(text);
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
	unsetenv("PGSERVICEFILE");
}

static void
service_files(void)
{
	CASE("the service file that is named");
	write_file(".pg_service.conf", 0644, "[s]\napplication_name=home\n[h]\noptions=home\n");
	mkdir("system", 0755);
	write_file("system/pg_service.conf", 0644, "[s]\napplication_name=system\n[t]\noptions=system\n");
	setenv("PGSYSCONFDIR", "system", 1);
	write_file("named", 0644, "[s]\napplication_name=named\nport=7\n[bad]\nnonsense\n[nested]\nservice=s\n");
	ask(NULL, BASE "service=s");
	ask("named", BASE "service=s");
	ask("named", BASE "service=s application_name=explicit");
	ask("named", BASE "service=h");
	ask("named", BASE "service=t");
	ask("named", BASE "service=bad");
	ask("named", BASE "service=nested");
	ask("named", BASE "service=nowhere");
	ask("named", BASE);
	ask("absent", BASE "service=s");
	ask("absent", BASE);
	ask("", BASE "service=s");
	ask("system", BASE "service=s");
	setenv("PGSERVICE", "s", 1);
	ask("named", BASE);
	ask("named", "host=/nonexistent");
	unsetenv("PGSERVICE");
	unsetenv("PGSYSCONFDIR");
}

/* Rows of an array, and those behind libpq 18's. */
static void
show_rows(PQconninfoOption *options)
{
	PQconninfoOption *o;
	int			n = 0;

	for (o = options; o != NULL && o->keyword != NULL; o++, n++)
		if (n >= 50)
		{
			printf("  %s=", o->keyword);
			show_text(o->val);
			printf(" dispsize=%d\n", o->dispsize);
		}
	printf("  rows: %d\n", n);
	PQconninfoFree(options);
}

static void
parse(const char *conninfo)
{
	char	   *error = NULL;

	printf("parse ");
	show_text(conninfo);
	putchar('\n');
	show_rows(PQconninfoParse(conninfo, &error));
	printf("  error: ");
	show_text(error);
	putchar('\n');
	PQfreemem(error);
}

static void
start(const char *conninfo)
{
	PGconn	   *conn = PQconnectStart(conninfo);

	printf("start ");
	show_text(conninfo);
	putchar('\n');
	ERR(conn);
	show_rows(PQconninfo(conn));
	PQfinish(conn);
}

int
main(int argc, char **argv)
{
	PQconninfoOption *probe;

	begin(argc, argv);
	probe = PQconninfoParse("servicefile=x", NULL);
	has_option = probe != NULL;
	PQconninfoFree(probe);
	service_files();

	CASE("libpq's own options are 50");
	write_file("more", 0644, "[s]\napplication_name=a\nread_timeout_ms=5\n");
	setenv("PGSERVICEFILE", "named", 1);
	show_rows(PQconndefaults());
	setenv("PGSERVICEFILE", "more", 1);
	setenv("PGSERVICE", "s", 1);
	show_rows(PQconndefaults());
	unsetenv("PGSERVICE");
	start(BASE);
	unsetenv("PGSERVICEFILE");
	start(BASE);
	parse(BASE);

	CASE("words that are near");
	parse("servicefiles=x");
	parse("service_file=x");
	parse("Servicefile=x");
	parse("connect_deadline=1");
	parse("CONNECT_DEADLINE_MS=1");
	parse("postgresql:///?read_timeout=1");

	CASE("options that are more");
	parse("servicefile=x");
	parse("connect_deadline_ms=1 connect_race_delay_ms=2 host_probe=parallel host_recheck_s=3 read_timeout_ms=4");
	parse("postgresql:///?read_timeout_ms=4&host_probe=x");
	start(BASE "read_timeout_ms=4");
	{
		const char *const keywords[] = {"host", "read_timeout_ms", "host_probe", NULL};
		const char *const values[] = {"/nonexistent", "4", "", NULL};
		PGconn	   *conn = PQconnectStartParams(keywords, values, 0);

		ERR(conn);
		show_rows(PQconninfo(conn));
		PQfinish(conn);
	}
	setenv("PGSERVICEFILE", "more", 1);
	start(BASE "service=s");
	start(BASE "service=s read_timeout_ms=6");
	unsetenv("PGSERVICEFILE");
	write_file("more", 0644, "[s]\nservicefile=other\n");
	start(BASE "service=s servicefile=more");
	start(BASE "read_timeout_ms=x");
	start(BASE "read_timeout_ms=-1");
	start(BASE "connect_deadline_ms=1.5");
	start(BASE "connect_race_delay_ms=''");
	start(BASE "host_recheck_s=99999999999");
	start(BASE "host_probe=both");
	start(BASE "host_probe=both sslmode=nonsense");
	return 0;
}
