/*
 * When what is sent leaves, seen from the other end: the program plays the server and counts what has come.
 */
/* covers: 96 146 169 171 194 201 204 263 264 265 268 269 270 342 345 */
#include "helpers.h"
#include "backend.h"

#include <sys/mman.h>
#include <sys/wait.h>

static char options[4096];
static int	listening;

/* Reads what has come, and says how much that was. */
static size_t
drain_end(int end)
{
	char		buffer[65536];
	size_t		heard = 0;
	int			n;

	while ((n = unheard(end)) > 0)
	{
		n = n < (int) sizeof(buffer) ? n : (int) sizeof(buffer);
		hear_bytes(end, buffer, (size_t) n);
		heard += (size_t) n;
	}
	return heard;
}

static void
pipelines(void)
{
	int			end;
	PGconn	   *conn = connected(listening, options, &end);
	char		longer[1001];
	int			i;

	CASE("a pipeline is sent when told so");
	INT(PQenterPipelineMode(conn));
	INT(PQsendQueryParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0));
	INT(unheard(end));
	INT(PQsendPrepare(conn, "p", "SELECT 2", 0, NULL));
	INT(PQsendDescribePrepared(conn, "p"));
	INT(PQsendQueryPrepared(conn, "p", 0, NULL, NULL, NULL, 0));
	INT(PQsendClosePrepared(conn, "p"));
	INT(PQsendFlushRequest(conn));
	INT(PQsendPipelineSync(conn));
	INT(unheard(end));
	INT(PQflush(conn));
	INT(unheard(end));
	while (unheard(end) > 0)
		hear(end);
	INT(PQsendQueryParams(conn, "SELECT 3", 0, NULL, NULL, NULL, NULL, 0));
	INT(unheard(end));
	INT(PQpipelineSync(conn));
	INT(unheard(end));
	drain_end(end);
	CASE("or when much has gathered");
	memset(longer, 'x', 1000);
	longer[1000] = '\0';
	for (i = 0; i < 70; i++)
		if (PQsendQueryParams(conn, longer, 0, NULL, NULL, NULL, NULL, 0) != 1)
			break;
	printf("%d commands queued, something has come: %d\n", i, unheard(end) > 0);
	close(end);
	PQfinish(conn);
	CASE("without a pipeline each command leaves at once");
	conn = connected(listening, options, &end);
	INT(PQsendFlushRequest(conn));
	INT(unheard(end));
	INT(PQflush(conn));
	INT(unheard(end));
	drain_end(end);
	INT(PQsendQueryParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0));
	while (unheard(end) > 0)
		hear(end);
	close(end);
	PQfinish(conn);
}

static void
copies(bool nonblocking)
{
	int			end;
	PGconn	   *conn = connected(listening, options, &end);
	char		row[100];
	int			first = 0;
	int			i;

	printf("nonblocking %d\n", nonblocking);
	INT(PQsetnonblocking(conn, nonblocking));
	INT(PQsendQuery(conn, "COPY t FROM STDIN"));
	INT(PQflush(conn));
	hear(end);
	SAY(end, 'G', "\0\0\1\0\0");
	RES(PQgetResult(conn));
	memset(row, 'r', sizeof(row));
	for (i = 1; i <= 400; i++)
	{
		if (PQputCopyData(conn, row, sizeof(row)) != 1)
			break;
		if (first == 0 && unheard(end) > 0)
			first = i;
	}
	printf("%d rows, the first has come with row %d\n", i - 1, first);
	INT(PQflush(conn));
	printf("%d bytes\n", unheard(end));
	INT(PQputCopyEnd(conn, NULL));
	INT(PQflush(conn));
	printf("%d bytes\n", unheard(end));
	close(end);
	PQfinish(conn);
}

/* The amounts: of one command after the other in a pipeline, and of rows. */
static void
amounts(void)
{
	int			end;
	PGconn	   *conn = connected(listening, options, &end);
	char		longer[1001];
	int			i;

	CASE("how much gathers before it leaves");
	INT(PQenterPipelineMode(conn));
	memset(longer, 'x', 1000);
	longer[1000] = '\0';
	for (i = 1; i < 200; i++)
	{
		if (PQsendQueryParams(conn, longer, 0, NULL, NULL, NULL, NULL, 0) != 1)
			break;
		if (unheard(end) > 0)
		{
			printf("after %d commands %d bytes have come\n", i, unheard(end));
			drain_end(end);
		}
	}
	close(end);
	PQfinish(conn);
	conn = connected(listening, options, &end);
	INT(PQsendQuery(conn, "COPY t FROM STDIN"));
	drain_end(end);
	SAY(end, 'G', "\0\0\1\0\0");
	QUIET(PQgetResult(conn));
	for (i = 1; i <= 40; i++)
	{
		if (PQputCopyData(conn, longer, 1000) != 1)
			break;
		if (unheard(end) > 0)
		{
			printf("with row %d %d bytes have come\n", i, unheard(end));
			drain_end(end);
		}
	}
	close(end);
	PQfinish(conn);
}

/* The session is in COPY IN mode afterwards. */
static void
begin_copy_in(PGconn *conn, int end)
{
	INT(PQsendQuery(conn, "COPY t FROM STDIN"));
	hear(end);
	SAY(end, 'G', "\0\0\1\0\0");
	RES(PQgetResult(conn));
}

static void
full(void)
{
	int			end;
	PGconn	   *conn = connected(listening, options, &end);
	char	   *big = calloc(1, 4000001);
	size_t		heard = 0;
	int			i;

	CASE("a server that does not read");
	memset(big, 'q', 4000000);
	INT(PQsetnonblocking(conn, 1));
	INT(PQsendQuery(conn, big));
	INT(PQflush(conn));
	INT(PQflush(conn));
	INT(PQisBusy(conn));
	INT(PQconsumeInput(conn));
	/* it speaks, and is heard */
	SAY(end, 'S', "application_name\0said meanwhile\0");
	wait_socket(conn, false);
	INT(PQconsumeInput(conn));
	INT(PQisBusy(conn));
	STR(PQparameterStatus(conn, "application_name"));
	INT(PQflush(conn));
	/* as it reads, input is a reason to go on with sending, too */
	for (i = 0; i < 10000 && PQflush(conn) == 1; i++)
	{
		heard += drain_end(end);
		wait_socket(conn, true);
		if (PQconsumeInput(conn) != 1)
			break;
	}
	INT(PQflush(conn));
	INT(heard + drain_end(end));
	SAY(end, 'C', "SELECT 0\0");
	SAY(end, 'Z', "I");
	drain(conn);
	INT(PQsetnonblocking(conn, 0));
	close(end);
	PQfinish(conn);

	CASE("a server that speaks before it reads");
	conn = connected(listening, options, &end);
	begin_copy_in(conn, end);
	fflush(stdout);
	switch (fork())
	{
		case -1:
			die("fork");
			break;
		case 0:
			{
				struct pollfd p = {.fd = end,.events = POLLIN};

				/* or the parent's end would never be the last one */
				close(PQsocket(conn));
				for (i = 0; i < 20000; i++)
					SAY(end, 'S', "application_name\0a name that is said again and again, so that it becomes much\0");
				while (poll(&p, 1, 20000) == 1 && read(end, big, 4000000) > 0)
					;
				_exit(0);
			}
		default:
			close(end);
	}
	/* neither can go on unless the client reads while it waits to write */
	for (i = 0; i < 4; i++)
		INT(PQputCopyData(conn, big, 4000000));
	INT(PQflush(conn));
	STR(PQparameterStatus(conn, "application_name"));
	PQfinish(conn);
	wait(NULL);
	free(big);
}

static void
gone(void)
{
	int			end;
	PGconn	   *conn = connected(listening, options, &end);

	/* SIGPIPE is as it was when the program began: it would end it */
	CASE("a server that has gone");
	close(end);
	INT(PQsendQuery(conn, "SELECT 1"));
	ERR(conn);
	INT(PQstatus(conn));
	drain(conn);
	ERR(conn);
	INT(PQstatus(conn));
	PQfinish(conn);
	CASE("a server that has gone with a word");
	conn = connected(listening, options, &end);
	SAY(end, 'E', "SFATAL\0VFATAL\0C57P01\0Mgood-bye\0\0");
	close(end);
	INT(PQsendQuery(conn, "SELECT 1"));
	ERR(conn);
	drain(conn);
	ERR(conn);
	INT(PQstatus(conn));
	PQfinish(conn);
	CASE("a server that goes while a copy comes");
	conn = connected(listening, options, &end);
	begin_copy_in(conn, end);
	close(end);
	INT(PQputCopyData(conn, "row\n", 4));
	INT(PQputCopyEnd(conn, NULL));
	ERR(conn);
	RES(PQgetResult(conn));
	RES(PQgetResult(conn));
	ERR(conn);
	INT(PQstatus(conn));
	PQfinish(conn);
}

/* In how many pieces a long message is sent decides which call is the first to fail. */
static void
gone_before_a_long_message(void)
{
	static char text[20001];
	int			end;
	PGconn	   *conn = connected(listening, options, &end);

	CASE("a server that has gone, and a long message");
	memset(text, 'x', sizeof(text) - 1);
	close(end);
	INT(PQsendQuery(conn, text));
	ERR(conn);
	INT(PQflush(conn));
	drain(conn);
	PQfinish(conn);
	conn = connected(listening, options, &end);
	begin_copy_in(conn, end);
	close(end);
	INT(PQputCopyData(conn, text, sizeof(text) - 1));
	INT(PQflush(conn));
	INT(PQputCopyEnd(conn, NULL));
	drain(conn);
	PQfinish(conn);
}

static void
too_much(void)
{
	int			end;
	PGconn	   *conn = connected(listening, options, &end);
	/* address space that costs nothing: zeros nobody writes to */
	size_t		size = (size_t) 0x7fffffff;
	char	   *zeros = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	const char *values[1];
	int			lengths[1] = {0x7fffffff};
	int			formats[1] = {1};

	CASE("more than a message can hold");
	if (zeros == MAP_FAILED)
		die("mmap");
	values[0] = zeros;
	INT(PQsendQueryParams(conn, "SELECT $1", 1, NULL, values, lengths, formats, 0));
	ERR(conn);
	INT(PQstatus(conn));
	INT(PQtransactionStatus(conn));
	close(end);
	PQfinish(conn);
	conn = connected(listening, options, &end);
	begin_copy_in(conn, end);
	INT(PQputCopyData(conn, zeros, 0x7fffffff));
	ERR(conn);
	munmap(zeros, size);
	close(end);
	PQfinish(conn);
}

int
main(int argc, char **argv)
{
	char		directory[2048];

	begin(argc, argv);
	if (getcwd(directory, sizeof(directory)) == NULL)
		die("getcwd");
	listening = listen_unix(directory, options, sizeof(options));
	pipelines();
	CASE("rows of a copy leave in lots");
	copies(false);
	copies(true);
	amounts();
	full();
	gone();
	gone_before_a_long_message();
	too_much();
	return 0;
}
