/*
 * Commands that are too long for the memory there is: what is said, what of them is sent, and what comes after them.
 */
/* covers: 166 167 */
#include "helpers.h"
#include "backend.h"

#include <sys/resource.h>

static char options[4096];
static int	listening;
static struct rlimit before;

/* Room for ordinary things, but not for another copy of the text. */
static void
limit(void)
{
	struct rlimit limited;
	unsigned long pages = 0;
	FILE	   *f = fopen("/proc/self/statm", "r");

	getrlimit(RLIMIT_AS, &before);
	if (f == NULL || fscanf(f, "%lu", &pages) != 1)
		die("statm");
	fclose(f);
	limited = before;
	limited.rlim_cur = pages * (unsigned long) sysconf(_SC_PAGESIZE) + (64 << 20);
	setrlimit(RLIMIT_AS, &limited);
}

static void
unlimit(void)
{
	setrlimit(RLIMIT_AS, &before);
}

/* Everything the client has sent. */
static void
hear_all(int end)
{
	while (unheard(end) > 0)
		hear(end);
}

/* A query as ever: what is sent with it, and its answer. */
static void
go_on(PGconn *conn, int end)
{
	INT(PQsendQuery(conn, "SELECT 1"));
	hear_all(end);
	SAY(end, 'C', "SELECT 1\0");
	SAY(end, 'Z', "I");
	drain(conn);
}

int
main(int argc, char **argv)
{
	char		directory[2048];
	size_t		big = 256 << 20;
	char	   *text = malloc(big + 1);
	const char *values[1] = {text};
	int			lengths[1] = {(int) big};
	int			formats[1] = {1};
	PGconn	   *conn;
	int			end;

	if (text == NULL)
		die("malloc");
	memset(text, 'x', big);
	text[big] = '\0';
	begin(argc, argv);
	if (getcwd(directory, sizeof(directory)) == NULL)
		die("getcwd");
	listening = listen_unix(directory, options, sizeof(options));
	conn = connected(listening, options, &end);
	CASE("a parameter that does not fit");
	limit();
	INT(PQsendQueryParams(conn, "SELECT $1", 1, NULL, values, lengths, formats, 0));
	unlimit();
	ERR(conn);
	show_state(conn);
	INT(unheard(end));
	INT(PQflush(conn));
	INT(unheard(end));
	go_on(conn, end);
	CASE("a parameter of a prepared statement that does not fit");
	limit();
	INT(PQsendQueryPrepared(conn, "name", 1, values, lengths, formats, 0));
	unlimit();
	ERR(conn);
	go_on(conn, end);
	CASE("texts and names that do not fit");
	limit();
	INT(PQsendQuery(conn, text));
	unlimit();
	ERR(conn);
	limit();
	INT(PQsendPrepare(conn, "n", text, 0, NULL));
	unlimit();
	ERR(conn);
	limit();
	INT(PQsendDescribePrepared(conn, text));
	unlimit();
	ERR(conn);
	limit();
	INT(PQsendClosePrepared(conn, text));
	unlimit();
	ERR(conn);
	go_on(conn, end);
	CASE("copy data and an error message that do not fit");
	SAY(end, 'G', "\0\0\1\0\0");
	RES(PQexec(conn, "COPY t FROM STDIN"));
	hear(end);
	limit();
	INT(PQputCopyData(conn, text, (int) big));
	unlimit();
	ERR(conn);
	limit();
	INT(PQputCopyEnd(conn, text));
	unlimit();
	ERR(conn);
	INT(PQputCopyData(conn, "a\n", 2));
	INT(PQputCopyEnd(conn, NULL));
	hear_all(end);
	SAY(end, 'C', "COPY 1\0");
	SAY(end, 'Z', "I");
	drain(conn);
	CASE("a parameter that does not fit in a pipeline");
	INT(PQenterPipelineMode(conn));
	INT(PQsendQueryParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0));
	limit();
	INT(PQsendQueryParams(conn, "SELECT $1", 1, NULL, values, lengths, formats, 0));
	unlimit();
	ERR(conn);
	INT(PQpipelineSync(conn));
	hear_all(end);
	PQfinish(conn);
	close(end);
	free(text);
	return 0;
}
