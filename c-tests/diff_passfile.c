/*
 * The password file: where it is, what is read of it, and what becomes of the password. The program plays the server
 * and shows the password it was sent. The directory the program starts in is its home.
 */
/* covers: 54 55 56 57 58 59 60 61 62 130 131 */
#include "helpers.h"
#include "backend.h"
#include "files.h"

static int	listening;
static int	port = 5001;
static char base[4096];
static char directory[2048];

/* Logs in with these options at a server that wants a password, and refuses it in the end if told so. */
static void
log_in(const char *options, bool refuse)
{
	char		all[8192];
	char		body[4096];
	PGconn	   *conn;
	int			end;

	printf("log in: ");
	show_text(options);
	putchar('\n');
	snprintf(all, sizeof(all), "%s %s", base, options);
	conn = PQconnectStart(all);
	if (poll_until_reading(conn, PGRES_POLLING_WRITING) != PGRES_POLLING_READING)
	{
		ERR(conn);
		PQfinish(conn);
		return;
	}
	end = accept(listening, NULL, NULL);
	hear_startup(end, body, sizeof(body));
	SAY(end, 'R', "\0\0\0\3");
	STR(PQpass(conn));
	if (poll_on(conn, false) != PGRES_POLLING_FAILED)
	{
		hear(end);
		if (refuse)
			SAY(end, 'E', "SFATAL\0VFATAL\0C28P01\0Mthat is not it\0\0");
		else
			welcome(end);
		poll_on(conn, true);
	}
	INT(PQstatus(conn));
	show_error_without_port(conn, port);
	INT(PQconnectionNeedsPassword(conn));
	INT(PQconnectionUsedPassword(conn));
	STR(PQpass(conn));
	close(end);
	PQfinish(conn);
}

static void
file(const char *text)
{
	printf("file ");
	show_text(text);
	putchar('\n');
	write_file(".pgpass", 0600, text);
}

static void
lines(void)
{
	static const char *const texts[] = {
		"*:*:*:*:any\n", "localhost:5001:d:u:wrong host\n", "*:5001:d:u:exact\n", "*:5001:d:v:other\n*:*:*:u:second\n",
		"*:*:*:*:first\n*:*:*:*:second\n", "# *:*:*:*:comment\n*:*:*:*:after\n", " *:*:*:*:space before\n",
		"*:*:*:*: spaces kept \n", "*:*:*:*:crlf\r\n", "*:*:*:*:no newline", "*:*:*:*:a:b\n", "*:*:*:*:a\\:b\\\\c\\d\n",
		"*:*:*:*:\n", "*:*:*:*\n", "*:*:*\n", "\n\n*:*:*:*:blank lines\n", "*:*:\\d:\\u:escaped names\n",
		"*:*:d*:*:star in a name\n*:*:*:*:next\n", "*: 5001:*:*:space in the port\n", "*:05001:*:*:zero in the port\n",
		"*:*:D:*:case\n", "*:*:*:*:trailing backslash\\", NULL};
	char		*longer = malloc(40000);
	int			i;

	CASE("lines");
	for (i = 0; texts[i] != NULL; i++)
	{
		file(texts[i]);
		log_in("", false);
	}
	CASE("long lines");
	for (i = 317; i < 40000; i = i * 2 + 1)
	{
		memset(longer, 'p', 40000);
		memcpy(longer, "*:*:*:*:", 8);
		longer[i] = '\n';
		write_bytes(".pgpass", 0600, longer, (size_t) i + 1);
		printf("%d ", i);
		log_in("", false);
	}
	free(longer);
	CASE("a line of more than 1 MiB");
	{
		static const char next[] = "*:*:*:*:next\n";
		size_t		length = 1100000;
		PGconn	   *conn;

		longer = malloc(length + sizeof(next));
		memset(longer, 'p', length);
		memcpy(longer, "*:*:*:*:", 8);
		longer[length - 1] = '\n';
		memcpy(longer + length, next, sizeof(next));
		write_bytes(".pgpass", 0600, longer, length + strlen(next));
		free(longer);
		conn = PQconnectStart(base);
		INT(strlen(PQpass(conn)));
		PQfinish(conn);
		close(accept(listening, NULL, NULL));
	}
}

static void
matching(void)
{
	char		text[8192];

	CASE("the host to look for");
	snprintf(text, sizeof(text), "localhost:*:*:*:as localhost\n%s:*:*:*:as directory\n", directory);
	write_file(".pgpass", 0600, text);
	log_in("", false);
	log_in("password=given", false);
	log_in("password=''", false);
	log_in("user=other dbname=else", false);
	setenv("PGPASSWORD", "variable", 1);
	log_in("", false);
	unsetenv("PGPASSWORD");
	CASE("refused");
	log_in("", true);
	log_in("password=given", true);
	write_file(".pgpass", 0600, "nobody:*:*:*:x\n");
	log_in("", true);
	log_in("password=given", true);
	write_file(".pgpass", 0600, "*:*:*:*:\n");
	log_in("", true);
}

static void
places(void)
{
	CASE("which file");
	write_file(".pgpass", 0600, "*:*:*:*:of the home\n");
	write_file("second", 0600, "*:*:*:*:of the variable\n");
	write_file("third", 0600, "*:*:*:*:of the option\n");
	log_in("", false);
	setenv("PGPASSFILE", "second", 1);
	log_in("", false);
	log_in("passfile=third", false);
	log_in("passfile=''", false);
	log_in("passfile=absent", false);
	log_in("passfile=absent", true);
	setenv("PGPASSFILE", "", 1);
	log_in("", false);
	unsetenv("PGPASSFILE");
	CASE("files that are not taken");
	chmod(".pgpass", 0640);
	log_in("", false);
	chmod(".pgpass", 0604);
	log_in("", false);
	chmod(".pgpass", 0700);
	log_in("", false);
	log_in("passfile=.", false);
	log_in("passfile=/dev/null", false);
	CASE("another home");
	mkdir("other", 0700);
	setenv("HOME", "other", 1);
	log_in("", false);
	write_file("other/.pgpass", 0600, "*:*:*:*:of the other home\n");
	log_in("", false);
	setenv("HOME", "/nonexistent", 1);
	log_in("", false);
}

static void
over_tcp(void)
{
	close(listening);
	listening = listen_tcp(&port);
	CASE("over TCP");
	write_file("pass", 0600, "127.0.0.1:*:*:*:by address\nsome.name:*:*:*:by name\n");
	snprintf(base, sizeof(base), "user=u dbname=d sslmode=disable gssencmode=disable passfile=pass port=%d", port);
	log_in("host=127.0.0.1", false);
	log_in("hostaddr=127.0.0.1", false);
	log_in("host=some.name hostaddr=127.0.0.1", false);
	log_in("host=other.name hostaddr=127.0.0.1", false);
}

int
main(int argc, char **argv)
{
	begin(argc, argv);
	if (getcwd(directory, sizeof(directory)) == NULL)
		die("getcwd");
	listening = listen_unix(directory, base, sizeof(base));
	lines();
	matching();
	places();
	over_tcp();
	return 0;
}
