/*
 * recv() and send() that fail for reasons of their own: which of them end the connection, and what is left of the ones
 * that do not. The program stands before the C library's recv() and send(); the server's end is the program itself.
 */
/* covers: 165 169 171 172 */
#include "helpers.h"
#include "backend.h"

#include <sys/syscall.h>

static char options[4096];
static int	listening;
static int	receiving_fails;
static int	sending_fails;

ssize_t
recv(int fd, void *to, size_t n, int flags)
{
	if (receiving_fails != 0)
	{
		errno = receiving_fails;
		return -1;
	}
	return syscall(SYS_recvfrom, fd, to, n, flags, NULL, NULL);
}

ssize_t
send(int fd, const void *from, size_t n, int flags)
{
	if (sending_fails != 0)
	{
		errno = sending_fails;
		return -1;
	}
	return syscall(SYS_sendto, fd, from, n, flags, NULL, 0);
}

#define COLUMN "\0\1a\0\0\0\0\0\0\0\0\0\0\031\377\377\377\377\377\377\0\0"
#define ROW "\0\1\0\0\0\1x"

static const struct
{
	int			number;
	const char *name;
}			numbers[] = {
	{EPIPE, "EPIPE"}, {ECONNRESET, "ECONNRESET"}, {ECONNABORTED, "ECONNABORTED"}, {EHOSTDOWN, "EHOSTDOWN"},
	{EHOSTUNREACH, "EHOSTUNREACH"}, {ENETDOWN, "ENETDOWN"}, {ENETRESET, "ENETRESET"}, {ENETUNREACH, "ENETUNREACH"},
	{ETIMEDOUT, "ETIMEDOUT"}, {ENOTCONN, "ENOTCONN"}, {EBADF, "EBADF"}, {ENOTSOCK, "ENOTSOCK"}, {EIO, "EIO"},
	{ENOMEM, "ENOMEM"}, {EINVAL, "EINVAL"}, {ECONNREFUSED, "ECONNREFUSED"}, {ENOBUFS, "ENOBUFS"}, {EPERM, "EPERM"},
};

#define COUNT (sizeof(numbers) / sizeof(numbers[0]))

/* What the server says next, if it is still heard. */
#define SAY_IF_THERE(conn, end, type, text) do { if (PQstatus(conn) == CONNECTION_OK) SAY(end, type, text); } while (0)

/* With something to read, for the reference looks only then. */
static void
fail_receiving(PGconn *conn, int end, int number)
{
	SAY_IF_THERE(conn, end, 'A', "\0\0\0\5channel\0payload\0");
	receiving_fails = number;
}

static PGconn *
begin_query(int *end)
{
	PGconn	   *conn = connected(listening, options, end);

	INT(PQsendQuery(conn, "SELECT 1"));
	hear(*end);
	SAY(*end, 'T', COLUMN);
	SAY(*end, 'D', ROW);
	return conn;
}

static void
answer(int end)
{
	SAY(end, 'T', COLUMN);
	SAY(end, 'D', ROW);
	SAY(end, 'C', "SELECT 1\0");
	SAY(end, 'Z', "I");
}

/* A query as ever, if the connection still is one. */
static void
go_on(PGconn *conn, int end)
{
	receiving_fails = 0;
	sending_fails = 0;
	show_state(conn);
	ERR(conn);
	if (PQstatus(conn) == CONNECTION_OK && PQtransactionStatus(conn) == PQTRANS_IDLE)
	{
		answer(end);
		RES(PQexec(conn, "SELECT 2"));
		INT(unheard(end) > 0);
	}
	PQfinish(conn);
	close(end);
}

static void
every_number(void)
{
	size_t		i;
	PGconn	   *conn;
	int			end;

	CASE("receiving fails while idle");
	for (i = 0; i < COUNT; i++)
	{
		printf("%s\n", numbers[i].name);
		conn = connected(listening, options, &end);
		SAY(end, 'A', "\0\0\0\5channel\0payload\0");
		receiving_fails = numbers[i].number;
		INT(PQconsumeInput(conn));
		go_on(conn, end);
	}
	CASE("receiving fails while an answer is awaited");
	for (i = 0; i < COUNT; i++)
	{
		printf("%s\n", numbers[i].name);
		conn = begin_query(&end);
		receiving_fails = numbers[i].number;
		RES(PQgetResult(conn));
		INT(PQtransactionStatus(conn));
		receiving_fails = 0;
		SAY_IF_THERE(conn, end, 'C', "SELECT 1\0");
		SAY_IF_THERE(conn, end, 'Z', "I");
		drain(conn);
		go_on(conn, end);
	}
	CASE("sending fails");
	for (i = 0; i < COUNT; i++)
	{
		printf("%s\n", numbers[i].name);
		conn = connected(listening, options, &end);
		sending_fails = numbers[i].number;
		INT(PQsendQuery(conn, "SELECT 1"));
		ERR(conn);
		sending_fails = 0;
		if (PQstatus(conn) == CONNECTION_OK)
			answer(end);
		drain(conn);
		go_on(conn, end);
	}
	CASE("sending fails, and so does receiving");
	for (i = 0; i < COUNT; i++)
	{
		printf("%s\n", numbers[i].name);
		conn = connected(listening, options, &end);
		SAY(end, 'A', "\0\0\0\5channel\0payload\0");
		sending_fails = numbers[i].number;
		receiving_fails = ENOTCONN;
		INT(PQsendQuery(conn, "SELECT 1"));
		ERR(conn);
		RES(PQgetResult(conn));
		RES(PQgetResult(conn));
		go_on(conn, end);
	}
}

static void
in_every_state(int number, const char *name)
{
	PGconn	   *conn;
	char	   *buffer = NULL;
	char		line[16];
	int			end;
	int			length = 0;
	int			result = 0;
	PQArgBlock	arg = {.isint = 1,.len = 4,.u.integer = 1};

	CASE(name);
	printf("PQexec\n");
	conn = connected(listening, options, &end);
	fail_receiving(conn, end, number);
	RES(PQexec(conn, "SELECT 1"));
	go_on(conn, end);

	printf("PQexec after the rows have come\n");
	conn = connected(listening, options, &end);
	answer(end);
	RES(PQexec(conn, "SELECT 1"));
	hear(end);
	fail_receiving(conn, end, number);
	RES(PQexec(conn, "SELECT 2"));
	go_on(conn, end);

	printf("rows that were read before\n");
	conn = begin_query(&end);
	INT(PQconsumeInput(conn));
	INT(PQisBusy(conn));
	fail_receiving(conn, end, number);
	INT(PQconsumeInput(conn));
	ERR(conn);
	INT(PQisBusy(conn));
	RES(PQgetResult(conn));
	RES(PQgetResult(conn));
	go_on(conn, end);

	printf("by the row\n");
	conn = begin_query(&end);
	INT(PQsetSingleRowMode(conn));
	RES(PQgetResult(conn));
	fail_receiving(conn, end, number);
	RES(PQgetResult(conn));
	INT(PQtransactionStatus(conn));
	receiving_fails = 0;
	SAY_IF_THERE(conn, end, 'D', ROW);
	SAY_IF_THERE(conn, end, 'C', "SELECT 2\0");
	SAY_IF_THERE(conn, end, 'Z', "I");
	drain(conn);
	go_on(conn, end);

	printf("in a pipeline\n");
	conn = connected(listening, options, &end);
	INT(PQenterPipelineMode(conn));
	INT(PQsendQueryParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQsendQueryParams(conn, "SELECT 2", 0, NULL, NULL, NULL, NULL, 0));
	INT(PQpipelineSync(conn));
	fail_receiving(conn, end, number);
	RES(PQgetResult(conn));
	RES(PQgetResult(conn));
	RES(PQgetResult(conn));
	RES(PQgetResult(conn));
	RES(PQgetResult(conn));
	INT(PQexitPipelineMode(conn));
	go_on(conn, end);

	printf("a copy that goes out\n");
	conn = connected(listening, options, &end);
	SAY(end, 'H', "\0\0\1\0\0");
	SAY(end, 'd', "row\n");
	RES(PQexec(conn, "COPY t TO STDOUT"));
	INT(PQgetCopyData(conn, &buffer, 0));
	PQfreemem(buffer);
	fail_receiving(conn, end, number);
	INT(PQgetCopyData(conn, &buffer, 1));
	ERR(conn);
	INT(PQgetCopyData(conn, &buffer, 0));
	ERR(conn);
	receiving_fails = 0;
	SAY_IF_THERE(conn, end, 'd', "row\n");
	INT(PQgetCopyData(conn, &buffer, 0));
	if (buffer != NULL)
		show_text(buffer);
	PQfreemem(buffer);
	fail_receiving(conn, end, number);
	INT(PQgetline(conn, line, sizeof(line)));
	INT(PQgetlineAsync(conn, line, sizeof(line)));
	INT(PQendcopy(conn));
	go_on(conn, end);

	printf("a copy that comes in\n");
	conn = connected(listening, options, &end);
	SAY(end, 'G', "\0\0\1\0\0");
	RES(PQexec(conn, "COPY t FROM STDIN"));
	fail_receiving(conn, end, number);
	INT(PQputCopyData(conn, "a\n", 2));
	INT(PQputCopyEnd(conn, NULL));
	ERR(conn);
	RES(PQgetResult(conn));
	RES(PQgetResult(conn));
	go_on(conn, end);

	printf("PQfn\n");
	conn = connected(listening, options, &end);
	fail_receiving(conn, end, number);
	RES(PQfn(conn, 1, &result, &length, 1, &arg, 1));
	go_on(conn, end);

	printf("a flush that looks for input\n");
	conn = connected(listening, options, &end);
	INT(PQsetnonblocking(conn, 1));
	sending_fails = EAGAIN;
	INT(PQsendQuery(conn, "SELECT 1"));
	INT(PQflush(conn));
	fail_receiving(conn, end, number);
	INT(PQflush(conn));
	ERR(conn);
	INT(PQconsumeInput(conn));
	ERR(conn);
	sending_fails = 0;
	receiving_fails = 0;
	INT(PQflush(conn));
	go_on(conn, end);
}

static void
while_connecting(int number, const char *name)
{
	PGconn	   *conn;
	char		body[4096];
	int			end;
	int			step;

	printf("%s\n", name);
	for (step = 0; step < 3; step++)
	{
		conn = PQconnectStart(options);
		poll_until_reading(conn, PGRES_POLLING_WRITING);
		end = accept(listening, NULL, NULL);
		hear_startup(end, body, sizeof(body));
		if (step == 1)
		{
			SAY(end, 'R', "\0\0\0\0");
			INT(poll_on(conn, false));
		}
		SAY(end, step == 1 ? 'S' : 'R', step == 1 ? "a\0b\0\0\0" : "\0\0\0\0");
		if (step == 2)
			sending_fails = number;
		fail_receiving(conn, end, number);
		INT(PQconnectPoll(conn));
		INT(PQstatus(conn));
		ERR(conn);
		receiving_fails = 0;
		sending_fails = 0;
		PQfinish(conn);
		close(end);
	}
}

int
main(int argc, char **argv)
{
	char		directory[2048];
	size_t		i;

	begin(argc, argv);
	if (getcwd(directory, sizeof(directory)) == NULL)
		die("getcwd");
	listening = listen_unix(directory, options, sizeof(options));
	every_number();
	in_every_state(ENOTCONN, "receiving fails, but the connection is there");
	in_every_state(ETIMEDOUT, "receiving fails with the connection");
	CASE("receiving fails while connecting");
	for (i = 0; i < COUNT; i++)
		while_connecting(numbers[i].number, numbers[i].name);
	return 0;
}
